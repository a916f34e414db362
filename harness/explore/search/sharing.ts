// Which steps nobody else can notice: of bits that one thread alone touches, that nobody writes, or that one lock
// guards at every access. Such a step needs no choice before it and is taken at once with the step before (Lipton,
// "Reduction", 1975). Learned while searching, and it only ever grows; a search that learned is done again.
//
// Bits of a cell are told apart, for a page's flags are many: each cell is a partition of its bits, refined as
// accesses come.

import { Op } from '../../model/effects.ts'
import { LockSets } from './locksets.ts'
import { isOp, Kind, type Trie } from './trie.ts'

interface Bits {
  mask: number
  /** The only thread that touches them, or -1. */
  owner: number
  written: boolean
  /** Locks held at every access so far; of writes only exclusive ones count. */
  locks: number
  /** Somebody tries the lock, or looks at it as at plain bits: its release is then noticed. */
  watched: boolean
}

const isRelease = (kind: number): boolean =>
  kind === Op.UNLOCK || kind === Op.UP_READ || kind === Op.UP_WRITE || kind === Op.BIT_UNLOCK
const isAcquire = (kind: number): boolean =>
  kind === Op.LOCK || kind === Op.DOWN_READ || kind === Op.DOWN_WRITE || kind === Op.BIT_LOCK
const isTry = (kind: number): boolean =>
  kind === Op.TRYLOCK || kind === Op.DOWN_WRITE_TRYLOCK || kind === Op.BIT_TRYLOCK
const isWait = (kind: number): boolean => kind === Op.WAIT_CLEAR || kind === Op.WAIT_CHANGE

/** The bits of its cell that a node reads or writes. */
export function maskOf(trie: Trie, n: number): number {
  switch (trie.kind[n]) {
    case Kind.PLAIN_READ:
    case Op.READ:
    case Op.WAIT_CLEAR:
    case Op.BIT_LOCK:
    case Op.BIT_UNLOCK:
    case Op.BIT_TRYLOCK:
    case Op.SET:
    case Op.CLEAR:
    case Op.TEST_AND_SET:
    case Op.TEST_AND_CLEAR:
      return trie.a[n]!
    default:
      return -1
  }
}

/** Whether a node of this kind may change its bits. */
export function isWrite(kind: number): boolean {
  return kind !== Kind.PLAIN_READ && kind !== Op.READ && !isWait(kind)
}

export class Sharing {
  /** Set when a step that went unnoticed no longer does. */
  changed = false
  readonly #trie: Trie
  readonly #cells = new Map<number, Bits[]>()

  constructor(trie: Trie) {
    this.#trie = trie
  }

  /** Takes note of what a node does. */
  note(n: number): void {
    const kind = this.#trie.kind[n]!
    if (!isOp(kind) && kind !== Kind.PLAIN_READ && kind !== Kind.PLAIN_WRITE) return
    const cell = this.#trie.cell[n]!
    let parts = this.#cells.get(cell)
    if (parts === undefined) {
      parts = []
      this.#cells.set(cell, parts)
    }
    let rest = maskOf(this.#trie, n)
    for (const part of [...parts]) {
      const common = part.mask & rest
      if (common === 0) continue
      if (common !== part.mask) parts.push({ ...part, mask: part.mask & ~common })
      part.mask = common
      this.#touch(part, n, kind)
      rest &= ~common
    }
    if (rest === 0) return
    const fresh = { mask: rest, owner: this.#trie.thread[n]!, written: false, locks: -1, watched: false }
    parts.push(fresh)
    this.#touch(fresh, n, kind)
  }

  /** Whether no other thread can notice the step at `n`, nor when it is taken. */
  isPrivate(n: number): boolean {
    const kind = this.#trie.kind[n]!
    if (!isOp(kind)) return true
    const mask = maskOf(this.#trie, n)
    const parts = this.#cells.get(this.#trie.cell[n]!)!
    for (const part of parts) if ((part.mask & mask) !== 0 && !isUnnoticed(part, kind)) return false
    return true
  }

  #touch(part: Bits, n: number, kind: number): void {
    const trie = this.#trie
    const before = [isUnnoticed(part, Op.READ), isUnnoticed(part, Op.UNLOCK), isUnnoticed(part, Op.LOCK)]
    if (part.owner !== trie.thread[n]) part.owner = -1
    const lockish = isAcquire(kind) || isRelease(kind)
    if (!lockish) part.watched = true
    if (isTry(kind) || isWait(kind)) part.watched = true
    if (isWrite(kind)) part.written = true
    const locks = isWrite(kind) ? trie.owned[n]! : trie.held[n]!
    part.locks = part.locks === -1 ? locks : trie.locks.meet(part.locks, locks)
    const after = [isUnnoticed(part, Op.READ), isUnnoticed(part, Op.UNLOCK), isUnnoticed(part, Op.LOCK)]
    if (before.some((was, i) => was && !after[i])) this.changed = true
  }
}

/**
 * A release only lets others in, and so belongs to the step before it (a left mover) unless somebody looks at the lock
 * without waiting for it. All else must be out of everybody's sight.
 */
function isUnnoticed(part: Bits, kind: number): boolean {
  if (part.owner >= 0 || !part.written) return true
  if (isRelease(kind) && !part.watched) return true
  return part.locks !== LockSets.none && part.locks !== -1
}
