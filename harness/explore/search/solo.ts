// What a thread does if the others stand still: one execution, up to its end or to where it must wait. Whoever does
// nothing that meets any of it may as well go first (a persistent set again, see sharing.ts; here exact for the state,
// where sharing.ts says what could ever be).

import { conflictsOf, maskOf, RELEASE, TOUCHES, touchOf } from './sharing.ts'
import { isOp, Kind, type Trie } from './trie.ts'

export class Solo {
  /** The cell it waits at in the end, or -1. */
  readonly waitsAt: number
  /** By the way of touching: cells, and which of their bits. */
  readonly #touched: readonly Map<number, number>[] = TOUCHES.map(() => new Map())

  constructor(waitsAt: number) {
    this.waitsAt = waitsAt
  }

  /** Takes in what a node touches. */
  add(trie: Trie, n: number): void {
    const kind = trie.kind[n]!
    if (!isOp(kind) && kind !== Kind.PLAIN_READ && kind !== Kind.PLAIN_WRITE) return
    const touch = touchOf(kind)
    const cell = trie.cell[n]!
    const mask = maskOf(trie, n)
    for (let i = 0; i < TOUCHES.length; i++) {
      if ((touch & TOUCHES[i]!) === 0) continue
      const cells = this.#touched[i]!
      cells.set(cell, (cells.get(cell) ?? 0) | mask)
    }
  }

  /** Whether the op of a node, by another thread, meets nothing of this. */
  misses(trie: Trie, n: number): boolean {
    const conflicts = conflictsOf(touchOf(trie.kind[n]!))
    const cell = trie.cell[n]!
    const mask = maskOf(trie, n)
    for (let i = 0; i < TOUCHES.length; i++) {
      if ((conflicts & TOUCHES[i]!) !== 0 && ((this.#touched[i]!.get(cell) ?? 0) & mask) !== 0) return false
    }
    return true
  }

  /** Whether two threads that run while a third stands still could meet, or one let the other in. */
  meets(other: Solo): boolean {
    if (this.#letsIn(other) || other.#letsIn(this)) return true
    return this.#touched.some((cells, i) => {
      const conflicts = conflictsOf(TOUCHES[i]!)
      return TOUCHES.some((touch, j) => {
        if ((conflicts & touch) === 0) return false
        for (const [cell, mask] of cells) if (((other.#touched[j]!.get(cell) ?? 0) & mask) !== 0) return true
        return false
      })
    })
  }

  #letsIn(other: Solo): boolean {
    return other.waitsAt >= 0 && this.#touched[TOUCHES.indexOf(RELEASE)]!.has(other.waitsAt)
  }
}
