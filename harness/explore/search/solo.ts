// What a thread does if the others stand still: one execution, up to its end or to where it must wait. Whoever does
// nothing that meets any of it may as well go first (a persistent set again, see sharing.ts; here exact for the state,
// where sharing.ts says what could ever be).

import { conflictsOf, maskOf, touchOf } from './sharing.ts'
import { isAccess, type Trie } from './trie.ts'

/** Bits of cells, and in which ways they are touched. There are few. */
export class Touched {
  #size = 0
  readonly #cells: number[] = []
  readonly #masks: number[] = []
  readonly #touches: number[] = []

  clear(): void {
    this.#size = 0
  }

  /** What is done at these nodes. */
  add(trie: Trie, nodes: readonly number[]): void {
    for (const n of nodes) {
      if (!isAccess(trie.kind[n]!)) continue
      this.#cells[this.#size] = trie.cell[n]!
      this.#masks[this.#size] = maskOf(trie, n)
      this.#touches[this.#size++] = touchOf(trie.kind[n]!)
    }
  }

  /** Whether what is done at a node, by another thread, conflicts with any of this. */
  meets(trie: Trie, n: number): boolean {
    const [cell, mask] = [trie.cell[n]!, maskOf(trie, n)]
    const conflicts = conflictsOf(touchOf(trie.kind[n]!))
    for (let i = 0; i < this.#size; i++) {
      if (this.#cells[i] === cell && (this.#masks[i]! & mask) !== 0 && (this.#touches[i]! & conflicts) !== 0)
        return true
    }
    return false
  }

  meetsAny(trie: Trie, nodes: readonly number[]): boolean {
    for (const n of nodes) if (isAccess(trie.kind[n]!) && this.meets(trie, n)) return true
    return false
  }
}

export class Solo {
  /** Whether this is what the thread would do from where all stand now. */
  known = false
  /** It comes so far that nobody looked where. */
  far = true
  /** The cell it waits at in the end, or -1. */
  waitsAt = -1
  readonly #touched = new Touched()

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
    this.#touched.clear()
    this.#touched.add(trie, nodes)
  }

  /** Whether the op of a node, by another thread, meets nothing of this. */
  misses(trie: Trie, n: number): boolean {
    return !this.far && !this.#touched.meets(trie, n)
  }
}
