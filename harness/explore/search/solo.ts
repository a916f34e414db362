// What a thread does if the others stand still: one execution, up to its end or to where it must wait. Whoever does
// nothing that meets any of it may as well go first (a persistent set again, see sharing.ts; here exact for the state,
// where sharing.ts says what could ever be).

import { conflictsOf, maskOf, touchOf } from './sharing.ts'
import { isOp, Kind, type Trie } from './trie.ts'

export class Solo {
  /** The cell it waits at in the end, or -1. */
  readonly waitsAt: number
  /** What it touches: cells, which of their bits, in which way. There are few. */
  readonly #cells: number[] = []
  readonly #masks: number[] = []
  readonly #touches: number[] = []

  constructor(waitsAt: number) {
    this.waitsAt = waitsAt
  }

  /** Takes in what a node touches. */
  add(trie: Trie, n: number): void {
    const kind = trie.kind[n]!
    if (!isOp(kind) && kind !== Kind.PLAIN_READ && kind !== Kind.PLAIN_WRITE) return
    this.#cells.push(trie.cell[n]!)
    this.#masks.push(maskOf(trie, n))
    this.#touches.push(touchOf(kind))
  }

  /** Whether the op of a node, by another thread, meets nothing of this. */
  misses(trie: Trie, n: number): boolean {
    return !this.#isMet(trie.cell[n]!, maskOf(trie, n), touchOf(trie.kind[n]!))
  }

  #isMet(cell: number, mask: number, touch: number): boolean {
    const conflicts = conflictsOf(touch)
    for (let i = 0; i < this.#cells.length; i++) {
      if (this.#cells[i] === cell && (this.#masks[i]! & mask) !== 0 && (this.#touches[i]! & conflicts) !== 0)
        return true
    }
    return false
  }
}
