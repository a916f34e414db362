// Sets of locks, each a number: a thread's locks at a node of its trie, the locks common to all accesses of a cell.
// Adding, removing and intersecting are remembered, so that each is done once.

/** A lock: its cell, or cell and bit; reading holders are told apart from exclusive ones by who asks. */
export type Lock = number

export const lockOf = (cell: number, bit: number): Lock => cell * 32 + (bit === 0 ? 0 : 31 - Math.clz32(bit))

export class LockSets {
  /** The set of no lock is 0. */
  static readonly none = 0
  readonly #sets: (readonly Lock[])[] = [[]]
  readonly #ids = new Map<string, number>([['', 0]])
  readonly #meets = new Map<number, number>()

  with(set: number, lock: Lock): number {
    const locks = this.#sets[set]!
    return locks.includes(lock) ? set : this.#intern([...locks, lock].sort((a, b) => a - b))
  }

  without(set: number, lock: Lock): number {
    return this.#intern(this.#sets[set]!.filter(other => other !== lock))
  }

  meet(a: number, b: number): number {
    if (a === b) return a
    const key = a * 2 ** 26 + b
    const known = this.#meets.get(key)
    if (known !== undefined) return known
    const locks = this.#sets[b]!
    const common = this.#intern(this.#sets[a]!.filter(lock => locks.includes(lock)))
    this.#meets.set(key, common)
    return common
  }

  /** Where the locks of a set lie. */
  cellsOf(set: number): number[] {
    return this.#sets[set]!.map(lock => Math.floor(lock / 32))
  }

  #intern(locks: readonly Lock[]): number {
    const key = locks.join()
    let id = this.#ids.get(key)
    if (id === undefined) {
      id = this.#sets.length
      this.#sets.push(locks)
      this.#ids.set(key, id)
    }
    return id
  }
}
