// The states that several threads of this process have come to, in memory that they share. A thread goes no further
// where any of them has gone to the end; where one is still on its way another goes too, for what comes of it is not
// known yet (Laarman and others, "Multi-core nested depth-first search", 2011).
//
// Open addressing over a few segments, each much larger than the one before. A state has one row of places, some in
// each: it takes the first free one by compare and swap, and no place is ever freed. So nothing has to be moved when
// there are many; and memory that no state has come to is never touched.

import { mix } from '../search/hash.ts'
import type { States } from '../search/visited.ts'

/** Threads that one table can tell apart. */
export const MOST_WORKERS = 24

/** What the word of a state says beside who has been there: somebody tells in how many ways it goes on; it is told. */
const CLAIMED = 1 << 29
const DONE = 1 << 30

/** Words of a place: the state's two, who has been there, nothing, and in how many ways it goes on, a double. */
const PLACE = 6
const BYTES = 4 * PLACE
/** Places in a segment that a state may have. */
const ROW = 8
/** Places of all segments but the last. */
const SEGMENTS = [1 << 20, 1 << 23]

interface Segment {
  /** Rows begin at any of so many places. */
  readonly rows: number
  readonly words: Int32Array
  /** The same memory. */
  readonly doubles: Float64Array
}

/** As it goes to another thread. */
export interface Shared {
  readonly segments: readonly Segment[]
  /** Of each thread: how many states it was the first to come to. */
  readonly choices: Int32Array
}

/** Memory for up to `mebibytes` of states. */
export function sharedMemory(mebibytes: number): Shared {
  let left = Math.floor((mebibytes * 2 ** 20) / BYTES)
  const segments: Segment[] = []
  for (const most of [...SEGMENTS, Number.POSITIVE_INFINITY]) {
    const places = Math.min(left, most)
    if (places <= ROW) break
    const memory = new SharedArrayBuffer(BYTES * places)
    segments.push({ rows: places - ROW, words: new Int32Array(memory), doubles: new Float64Array(memory) })
    left -= places
  }
  return { segments, choices: new Int32Array(new SharedArrayBuffer(4 * MOST_WORKERS)) }
}

export class SharedStates implements States {
  bytes = 0
  readonly #segments: readonly Segment[]
  readonly #choices: Int32Array
  readonly #worker: number
  readonly #mine: number
  /** Where the last state that was asked for stands, and whether it was put there now. */
  #segment: Segment
  #at = 0
  #isNew = false
  #deep = 0

  constructor({ segments, choices }: Shared, worker: number) {
    this.#segments = segments
    this.#choices = choices
    this.#worker = worker
    this.#mine = 1 << worker
    this.#segment = segments[0]!
    this.#comeTo(0)
  }

  get choices(): number {
    return this.#choices.reduce((sum, n) => sum + n, 0)
  }

  /** False if this thread has been there, or any has gone from there to the end. */
  add(h1: number, h2: number, choice: boolean): boolean {
    if (!this.#find(h1 || 1, h2 | 1, true)) {
      // No room: the state is not known, and the bound on memory is reached.
      this.bytes = Number.POSITIVE_INFINITY
      return true
    }
    if (this.#isNew && choice) this.#choices[this.#worker]!++
    const { words } = this.#segment
    const seen = DONE | this.#mine
    return (words[this.#at + 2]! & seen) === 0 && (Atomics.or(words, this.#at + 2, this.#mine) & seen) === 0
  }

  ways(h1: number, h2: number): number {
    if (!this.#find(h1 || 1, h2 | 1, false)) return 0
    const { words, doubles } = this.#segment
    return (Atomics.load(words, this.#at + 2) & DONE) === 0 ? 0 : doubles[this.#at / 2 + 2]!
  }

  setWays(h1: number, h2: number, ways: number): void {
    if (!this.#find(h1 || 1, h2 | 1, false)) return
    const { words, doubles } = this.#segment
    // No two write: who has read that it is told reads what one has told.
    if ((Atomics.or(words, this.#at + 2, CLAIMED) & CLAIMED) !== 0) return
    doubles[this.#at / 2 + 2] = ways
    Atomics.or(words, this.#at + 2, DONE)
  }

  /** Looks for a state, and with `make` puts it into its first free place; false if it is not there. */
  #find(h1: number, h2: number, make: boolean): boolean {
    let h = mix(h1 ^ Math.imul(h2, 0x9e3779b1))
    for (let s = 0; s < this.#segments.length; s++) {
      const segment = this.#segments[s]!
      const { words } = segment
      const row = ((h >>> 0) % segment.rows) * PLACE
      for (let at = row; at < row + ROW * PLACE; at += PLACE) {
        // The second word first: a place that has it is whosever first word comes first.
        let second = words[at + 1]!
        if (second === 0) {
          if (!make) return false
          second = Atomics.compareExchange(words, at + 1, 0, h2) || h2
        }
        if (second !== h2) continue
        let first = words[at]!
        if (first === 0 && make) {
          first = Atomics.compareExchange(words, at, 0, h1)
          this.#isNew = first === 0
        } else this.#isNew = false
        if (first !== h1 && !this.#isNew) continue
        this.#segment = segment
        this.#at = at
        if (s > this.#deep) this.#comeTo(s)
        return true
      }
      h = mix((h + 0x3c6ef372) | 0)
    }
    return false
  }

  /** A state is in this segment. */
  #comeTo(segment: number): void {
    this.#deep = segment
    this.bytes = this.#segments.slice(0, segment + 1).reduce((sum, { words }) => sum + words.byteLength, 0)
  }
}
