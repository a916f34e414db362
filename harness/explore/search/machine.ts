// The machine of a race: the store, and where each thread stands in its trie. A step is one op and the plain accesses
// after it; taking steps back costs what they changed.

import { KernelBug } from '../../model/bug.ts'
import { isBlocked } from '../../model/effects.ts'
import { POISON_FREE, S, useAfterFree } from '../../model/store.ts'
import { grown } from './hash.ts'
import { Memory } from './memory.ts'
import { Recorder, type ThreadBody } from './recorder.ts'
import { Sharing } from './sharing.ts'
import { Solo } from './solo.ts'
import { isOp, isStep, Joined, Kind, Trie } from './trie.ts'

/** Steps that a thread is followed alone; most wait before. */
const AHEAD = 16

export interface MachineOptions {
  /** Whether marked loops forget their history (ops.ts, `again`). */
  readonly marks: boolean
  /** Whether plain accesses after an op are a step of their own: what the race detector looks at. */
  readonly pauses: boolean
}

export class Machine {
  readonly trie = new Trie()
  readonly memory = new Memory()
  readonly sharing = new Sharing(this.trie)
  readonly recorder: Recorder
  readonly threads: number
  readonly names: readonly string[]
  /** Where each thread stands: a step, DONE or BUG. */
  readonly at: Int32Array
  /** What the kernel died of in the last step. */
  bug: KernelBug | undefined
  /** Steps taken, and of each what it takes to go back. */
  depth = 0
  /** Steps taken in all, those that were taken back included. */
  steps = 0
  /** The node of the last op of the last step: of an access the one that reads or writes. */
  lastOp = 0
  /** Hash of the state. */
  h1 = 0
  h2 = 0
  readonly #pauses: boolean
  /** Where it is written down which nodes are passed; undefined: nowhere. */
  #way: number[] | undefined
  /** What each thread would do alone from here. */
  readonly #solos: Solo[] = []
  #thread = new Int32Array(1024)
  #from = new Int32Array(1024)
  #changes = new Int32Array(1024)
  #m1 = new Int32Array(1024)
  #m2 = new Int32Array(1024)
  #s1 = new Int32Array(1024)
  #s2 = new Int32Array(1024)

  constructor(bodies: readonly ThreadBody[], options: MachineOptions) {
    this.threads = bodies.length
    this.#pauses = options.pauses
    for (let t = 0; t < bodies.length; t++) this.#solos.push(new Solo())
    this.names = bodies.map(({ name }) => name)
    this.recorder = new Recorder(this.trie, this.memory, bodies, {
      ...options,
      onNode: n => this.sharing.note(n),
    })
    this.at = new Int32Array(bodies.length)
    for (let t = 0; t < bodies.length; t++) {
      this.at[t] = this.trie.root(t)
      this.h1 = (this.h1 + this.trie.h1[this.at[t]!]!) | 0
      this.h2 = (this.h2 + this.trie.h2[this.at[t]!]!) | 0
    }
  }

  isDone(t: number): boolean {
    return this.trie.kind[this.at[t]!] === Kind.DONE
  }

  canStep(t: number): boolean {
    const n = this.at[t]!
    const kind = this.trie.kind[n]!
    if (!isOp(kind)) return isStep(kind)
    return !isBlocked(kind, this.trie.cell[n]!, this.trie.a[n]!)
  }

  /** Whether there is anything before the next step of `t` that another thread could come in at. */
  isChoice(t: number): boolean {
    return this.#pauses || isOp(this.trie.kind[this.at[t]!]!)
  }

  /** Whether no other thread can notice the next step of `t`. */
  isPrivate(t: number): boolean {
    const n = this.at[t]!
    if (!this.#isUnnoticed(t, n)) return false
    return this.trie.joined[n] === Joined.NOT || this.#isUnnoticedAsWhole(t)
  }

  #isUnnoticed(t: number, n: number): boolean {
    return this.sharing.isPrivate(t, this.at, n) || this.#missesOther(t, n)
  }

  /** As isPrivate, of an access, which is several ops: t goes through it, and comes back. */
  #isUnnoticedAsWhole(t: number): boolean {
    const { trie, depth } = this
    const way = [this.at[t]!]
    this.#way = way
    this.#take(t)
    this.#way = undefined
    const ends = this.bug === undefined
    this.#rewind(depth)
    // The last is the next step.
    for (let i = 1; i < way.length - 1; i++)
      if (isOp(trie.kind[way[i]!]!) && !this.#isUnnoticed(t, way[i]!)) return false
    return ends
  }

  /**
   * Whether the op at `n` of thread `t` meets nothing of what the one other thread would do while `t` stands still. If
   * more than one is not done yet, it would have to be known that they do not meet each other: dearer than it is worth.
   */
  #missesOther(t: number, n: number): boolean {
    let other = -1
    for (let u = 0; u < this.threads; u++) {
      if (u === t || this.isDone(u)) continue
      if (other >= 0) return false
      other = u
    }
    if (other < 0) return true
    return this.#soloOf(other).misses(this.trie, n)
  }

  #soloOf(u: number): Solo {
    const solo = this.#solos[u]!
    if (solo.known) return solo
    solo.begin()
    this.#follow(u, solo)
    return solo
  }

  /** Runs `u` alone, as far as it can, and goes back; gives up on one that comes far. */
  #follow(u: number, solo: Solo): void {
    const { trie, depth } = this
    const way = [this.at[u]!]
    this.#way = way
    while (this.bug === undefined && this.canStep(u) && this.depth - depth < AHEAD) this.#take(u)
    this.#way = undefined
    const stands = this.bug !== undefined || !this.canStep(u)
    if (stands) solo.ends(trie, way, this.bug === undefined && !this.isDone(u) ? trie.cell[this.at[u]!]! : -1)
    this.#rewind(depth)
  }

  /** Takes the next step of `t`, which can. `early`: before its turn, as nobody can notice. */
  step(t: number, early = false): void {
    const { at, trie } = this
    // A step that meets nobody changes nobody's way but its own, and may let one in who waits.
    if (early) {
      this.#solos[t]!.known = false
      for (const solo of this.#solos) if (solo.waitsAt === trie.cell[at[t]!]!) solo.known = false
    } else this.#forget()
    this.#take(t)
  }

  /** As step; gives the nodes that were passed, whose kinds say what was done. */
  passing(t: number): readonly number[] {
    this.#forget()
    const way = [this.at[t]!]
    this.#way = way
    this.#take(t)
    this.#way = undefined
    // The last is where it stands now: done by nobody yet.
    if (this.bug === undefined) way.pop()
    return way
  }

  /** What each would do alone is another thing now. */
  #forget(): void {
    for (const solo of this.#solos) solo.known = false
  }

  #take(t: number): void {
    const { trie, memory } = this
    const n = this.at[t]!
    this.steps++
    this.#push(t, n)
    const [m1, m2] = [memory.h1, memory.h2]
    let to = n
    do {
      let found = 0
      if (isOp(trie.kind[to]!)) {
        this.lastOp = to
        try {
          found = memory.effect(trie.kind[to]!, trie.cell[to]!, trie.a[to]!, trie.b[to]!)
        } catch (error) {
          if (!(error instanceof KernelBug)) throw error
          this.bug = error
          return
        }
      }
      to = this.#walk(trie.next(to, found))
    } while (trie.joined[to] === Joined.TO_BEFORE && this.bug === undefined)
    this.at[t] = to
    this.h1 = (this.h1 + memory.h1 - m1 + trie.h1[to]! - trie.h1[n]!) | 0
    this.h2 = (this.h2 + memory.h2 - m2 + trie.h2[to]! - trie.h2[n]!) | 0
  }

  /** Goes back to `depth` steps. */
  back(depth: number): void {
    if (this.depth === depth) return
    this.#forget()
    this.#rewind(depth)
  }

  #rewind(depth: number): void {
    if (this.depth === depth) return
    while (this.depth > depth) {
      this.depth--
      this.at[this.#thread[this.depth]!] = this.#from[this.depth]!
    }
    this.memory.rewind(this.#changes[depth]!, this.#m1[depth]!, this.#m2[depth]!)
    this.h1 = this.#s1[depth]!
    this.h2 = this.#s2[depth]!
    this.bug = undefined
  }

  /** Who took step `i`, and from which node. */
  stepAt(i: number): { readonly thread: number; readonly node: number } {
    return { thread: this.#thread[i]!, node: this.#from[i]! }
  }

  /** Plain accesses, up to the next step. */
  #walk(n: number): number {
    const { trie, memory } = this
    for (;;) {
      this.#way?.push(n)
      switch (trie.kind[n]) {
        case Kind.PLAIN_READ:
          if (S[trie.cell[n]!] === POISON_FREE) {
            this.bug = useAfterFree(trie.cell[n]!)
            return n
          }
          n = trie.next(n, S[trie.cell[n]!]! & trie.a[n]!)
          break
        case Kind.PLAIN_WRITE:
          memory.set(trie.cell[n]!, trie.a[n]!)
          n = trie.child[n]!
          break
        case Kind.COUNT:
          memory.set(trie.cell[n]!, (S[trie.cell[n]!]! + trie.a[n]!) | 0)
          n = trie.child[n]!
          break
        case Kind.MARK:
          n = trie.child[n]!
          break
        case Kind.PENDING:
          this.recorder.grow(n)
          break
        case Kind.BUG:
          this.bug = trie.bugs.get(n)
          return n
        default:
          return n
      }
    }
  }

  #push(t: number, n: number): void {
    const d = this.depth
    if (d === this.#thread.length) this.#grow(d * 2)
    this.#thread[d] = t
    this.#from[d] = n
    this.#changes[d] = this.memory.changes
    this.#m1[d] = this.memory.h1
    this.#m2[d] = this.memory.h2
    this.#s1[d] = this.h1
    this.#s2[d] = this.h2
    this.depth++
  }

  #grow(length: number): void {
    this.#thread = grown(this.#thread, length)
    this.#from = grown(this.#from, length)
    this.#changes = grown(this.#changes, length)
    this.#m1 = grown(this.#m1, length)
    this.#m2 = grown(this.#m2, length)
    this.#s1 = grown(this.#s1, length)
    this.#s2 = grown(this.#s2, length)
  }
}
