// The store while a race is explored: every change is logged, so that it can be taken back, and enters a hash of all
// cells, so that states can be told apart without looking at them.

import { effects } from '../../model/effects.ts'
import { POISON_FREE, S, useAfterFree } from '../../model/store.ts'
import { grown, mix, mix2 } from './hash.ts'

export class Memory {
  /** Sums over all cells that were ever changed; equal contents, equal sums, whatever the order of changes. */
  h1 = 0
  h2 = 0
  /** How many changes are logged. */
  changes = 0
  #cells = new Int32Array(4096)
  #olds = new Int32Array(4096)

  set(cell: number, value: number): void {
    const old = S[cell]!
    if (old === value) return
    S[cell] = value
    this.#log(cell, old, value)
  }

  /** Does an op that is not blocked; a KernelBug passes through, with nothing changed. */
  effect(kind: number, cell: number, a: number, b: number): number {
    const old = S[cell]!
    if (old === POISON_FREE) throw useAfterFree(cell)
    const result = effects[kind]!(cell, a, b)
    if (S[cell] !== old) this.#log(cell, old, S[cell]!)
    return result
  }

  /** Takes back all changes after the first `mark`. */
  rewind(mark: number, h1: number, h2: number): void {
    while (this.changes > mark) {
      this.changes--
      S[this.#cells[this.changes]!] = this.#olds[this.changes]!
    }
    this.h1 = h1
    this.h2 = h2
  }

  #log(cell: number, old: number, value: number): void {
    if (this.changes === this.#cells.length) {
      this.#cells = grown(this.#cells, this.changes * 2)
      this.#olds = grown(this.#olds, this.changes * 2)
    }
    this.#cells[this.changes] = cell
    this.#olds[this.changes++] = old
    const a = Math.imul(cell, 0x9e3779b1)
    const b = Math.imul(cell, 0x85ebca77)
    this.h1 = (this.h1 - mix((a + old) | 0) + mix((a + value) | 0)) | 0
    this.h2 = (this.h2 - mix2((b + old) | 0) + mix2((b + value) | 0)) | 0
  }
}
