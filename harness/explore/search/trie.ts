// What a thread does depends on nothing but what it has seen. So each thread is a trie: a node says what it does
// next, the edges out of it what it may find. A node is the thread's whole local state, which makes a state of the
// machine the store and one node a thread: it can be hashed, compared and gone back to, as no JavaScript stack can.
// (spec/explore.md, part B, of the design this project began from; the idea is that of memoised automata.)

import type { KernelBug } from '../../model/bug.ts'
import { Op } from '../../model/effects.ts'
import { grown, mix, mix2 } from './hash.ts'
import { LockSets, lockOf } from './locksets.ts'

/** What a node does beside the ops of effects.ts, which keep their numbers. */
export const Kind = {
  PLAIN_READ: 32,
  PLAIN_WRITE: 33,
  COUNT: 34,
  /** The locals that live on from here: histories that agree in them go on at one node. */
  MARK: 35,
  /** Before the thread's first access. */
  START: 36,
  /** Before plain accesses that follow an op, where these are a step of their own. */
  PAUSE: 37,
  DONE: 38,
  BUG: 39,
  /** Nobody has been here yet. */
  PENDING: 40,
} as const

export const isOp = (kind: number): boolean => kind < Kind.PLAIN_READ
/** Whether the node reads or changes bits of its cell. */
export const isAccess = (kind: number): boolean => isOp(kind) || kind === Kind.PLAIN_READ || kind === Kind.PLAIN_WRITE
/** Whether the node is a step for the scheduler: an op, or one of the two places between. */
export const isStep = (kind: number): boolean => kind < Kind.PLAIN_READ || kind === Kind.START || kind === Kind.PAUSE

/** Ops that are one step with others (ops.ts, beginAccess): the first of them, and those that follow at once. */
export const Joined = { NOT: 0, FIRST: 1, TO_BEFORE: 2 } as const

/** Keeps what lives on apart from what was found one after another. */
const REHASHED = 0x5a5a5a5a

/** Nodes on a way through a region. */
const REGION = 32

/** Along a branch; what lies further counts as if it lay there. */
const FURTHEST = 2 ** 16 - 1

/** The two hashes of a history that goes on with `value`. */
const then1 = (h: number, value: number): number => mix((Math.imul(h, 31) + value + 0x3c6ef372) | 0)
const then2 = (h: number, value: number): number => mix2((Math.imul(h, 37) + value + 0x1b873593) | 0)

export class Trie {
  /** The first node of each thread. */
  readonly roots: number[] = []
  /**
   * The trie is cut into regions: what follows a piece, or leads to it, does so as a whole. Regions that follow each
   * other without a fork are a branch: of each region its branch, and how far along it lies, from 1.
   */
  readonly branch: number[] = []
  readonly along: number[] = []
  /** Of each branch the region that it goes off from, or -1. */
  readonly branchFrom: number[] = []
  /** Of each branch its last region. */
  readonly #tips: number[] = []
  readonly locks = new LockSets()
  readonly bugs = new Map<number, KernelBug>()
  /** What the thread has to say at its end, by node. */
  readonly results = new Map<number, unknown>()
  size = 1
  kind = new Int32Array(1024)
  cell = new Int32Array(1024)
  a = new Int32Array(1024)
  b = new Int32Array(1024)
  parent = new Int32Array(1024)
  /** On which finding the parent goes on here. */
  value = new Int32Array(1024)
  child = new Int32Array(1024)
  sibling = new Int32Array(1024)
  thread = new Int32Array(1024)
  region = new Int32Array(1024)
  /** Of an op: `Joined`. */
  joined = new Uint8Array(1024)
  /** How far into its region a node is. */
  #deep = new Int32Array(1024)
  h1 = new Int32Array(1024)
  h2 = new Int32Array(1024)
  /** Locks held, and of these the ones held exclusively: numbers of `locks`. */
  held = new Int32Array(1024)
  owned = new Int32Array(1024)

  /** A thread's first node. */
  root(thread: number): number {
    const n = this.#add(thread)
    this.kind[n] = Kind.START
    this.h1[n] = Math.imul(thread + 1, 0x9e3779b1)
    this.h2[n] = Math.imul(thread + 1, 0x5bd1e995)
    this.region[n] = this.#region(-1)
    this.roots[thread] = n
    return n
  }

  /** Where the thread goes on from `n` having found `value`, made if it is new. */
  next(n: number, value: number): number {
    const c = this.find(n, value)
    return c === 0 ? this.append(n, value) : c
  }

  /** As next, but 0 if it is not there. */
  find(n: number, value: number): number {
    let c = this.child[n]!
    while (c !== 0 && this.value[c] !== value) c = this.sibling[c]!
    return c
  }

  append(n: number, value: number): number {
    const c = this.#add(this.thread[n]!)
    this.kind[c] = Kind.PENDING
    this.parent[c] = n
    this.value[c] = value
    this.sibling[c] = this.child[n]!
    this.child[n] = c
    this.h1[c] = then1(this.h1[n]!, value)
    this.h2[c] = then2(this.h2[n]!, value)
    this.held[c] = this.held[n]!
    this.owned[c] = this.owned[n]!
    this.#locks(n, c, value)
    const further = this.kind[n] !== Kind.MARK && this.#deep[n]! < REGION
    this.region[c] = further ? this.region[n]! : this.#region(this.region[n]!)
    this.#deep[c] = further ? this.#deep[n]! + 1 : 0
    return c
  }

  #region(before: number): number {
    const region = this.branch.length
    const trunk = this.branch[before] ?? -1
    const goesOn = trunk >= 0 && this.#tips[trunk] === before
    const branch = goesOn ? trunk : this.branchFrom.push(before) - 1
    this.branch.push(branch)
    this.along.push(goesOn ? Math.min(this.along[before]! + 1, FURTHEST) : 1)
    this.#tips[branch] = region
    return region
  }

  /** Says what a pending node does. */
  fill(n: number, kind: number, cell: number, a: number, b: number): void {
    this.kind[n] = kind
    this.cell[n] = cell
    this.a[n] = a
    this.b[n] = b
  }

  /** A node whose hash is that of another and a few numbers, so that histories which agree in these are one. */
  rehash(n: number, base: number, numbers: readonly number[]): void {
    this.h1[n] = numbers.reduce(then1, then1(this.h1[base]!, REHASHED))
    this.h2[n] = numbers.reduce(then2, then2(this.h2[base]!, REHASHED))
  }

  /** The lock that a node of these kinds is about. */
  lock(n: number): number {
    const kind = this.kind[n]!
    const bit = kind === Op.BIT_LOCK || kind === Op.BIT_UNLOCK || kind === Op.BIT_TRYLOCK ? this.a[n]! : 0
    return lockOf(this.cell[n]!, bit)
  }

  #locks(n: number, c: number, value: number): void {
    switch (this.kind[n]) {
      case Op.DOWN_READ:
        this.held[c] = this.locks.with(this.held[n]!, this.lock(n))
        return
      case Op.TRYLOCK:
      case Op.BIT_TRYLOCK:
      case Op.DOWN_WRITE_TRYLOCK:
        if (value === 0) return
        break
      case Op.LOCK:
      case Op.BIT_LOCK:
      case Op.DOWN_WRITE:
        break
      case Op.UNLOCK:
      case Op.BIT_UNLOCK:
      case Op.UP_READ:
      case Op.UP_WRITE:
        this.held[c] = this.locks.without(this.held[n]!, this.lock(n))
        this.owned[c] = this.locks.without(this.owned[n]!, this.lock(n))
        return
      default:
        return
    }
    this.held[c] = this.locks.with(this.held[n]!, this.lock(n))
    this.owned[c] = this.locks.with(this.owned[n]!, this.lock(n))
  }

  #add(thread: number): number {
    const n = this.size++
    if (n === this.kind.length) this.#grow(n * 2)
    this.thread[n] = thread
    return n
  }

  #grow(length: number): void {
    this.kind = grown(this.kind, length)
    this.cell = grown(this.cell, length)
    this.a = grown(this.a, length)
    this.b = grown(this.b, length)
    this.parent = grown(this.parent, length)
    this.value = grown(this.value, length)
    this.child = grown(this.child, length)
    this.sibling = grown(this.sibling, length)
    this.thread = grown(this.thread, length)
    this.region = grown(this.region, length)
    const joined = new Uint8Array(length)
    joined.set(this.joined)
    this.joined = joined
    this.#deep = grown(this.#deep, length)
    this.h1 = grown(this.h1, length)
    this.h2 = grown(this.h2, length)
    this.held = grown(this.held, length)
    this.owned = grown(this.owned, length)
  }
}
