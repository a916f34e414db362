// What a thread does if the others stand still: one execution, up to its end or to where it must wait. Whoever does
// nothing that meets any of it may as well go first (a persistent set again, see sharing.ts; here exact for the state,
// where sharing.ts says what could ever be).

import { conflictsOf, maskOf, touchOf } from './sharing.ts'
import { isAccess, type Trie } from './trie.ts'

export class Solo {
  /** Whether this is what the thread would do from where all stand now. */
  known = false
  /** It comes so far that nobody looked where. */
  far = true
  /** The cell it waits at in the end, or -1. */
  waitsAt = -1
  /** What it touches: cells, which of their bits, in which way. There are few. */
  #size = 0
  readonly #cells: number[] = []
  readonly #masks: number[] = []
  readonly #touches: number[] = []

  /** It comes far, as long as nobody says otherwise. */
  begin(): void {
    this.known = true
    this.far = true
    this.waitsAt = -1
  }

  /** It passes these nodes, the last of which it stands at, and waits at a cell, or -1. */
  ends(trie: Trie, nodes: readonly number[], waitsAt: number): void {
    this.far = false
    this.waitsAt = waitsAt
    this.#size = 0
    for (const n of nodes) {
      if (!isAccess(trie.kind[n]!)) continue
      this.#cells[this.#size] = trie.cell[n]!
      this.#masks[this.#size] = maskOf(trie, n)
      this.#touches[this.#size++] = touchOf(trie.kind[n]!)
    }
  }

  /** Whether the op of a node, by another thread, meets nothing of this. */
  misses(trie: Trie, n: number): boolean {
    if (this.far) return false
    const [cell, mask] = [trie.cell[n]!, maskOf(trie, n)]
    const conflicts = conflictsOf(touchOf(trie.kind[n]!))
    for (let i = 0; i < this.#size; i++) {
      if (this.#cells[i] === cell && (this.#masks[i]! & mask) !== 0 && (this.#touches[i]! & conflicts) !== 0)
        return false
    }
    return true
  }
}
