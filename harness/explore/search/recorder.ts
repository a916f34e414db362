// Grows a thread's trie. The thread's function is called from its start, every access answered from the trie up to
// the node where nobody has been yet; from there it runs on alone against the store as it stands, writing down what
// it does, until it returns, fails, meets a closed lock or comes to a place that is known. What it changed in the
// store is then taken back: the search goes the new nodes itself.

import { KernelBug, ModelBug } from '../../model/bug.ts'
import { isBlocked, opNames } from '../../model/effects.ts'
import { dense, POISON_FREE, S, setWatch, type Watch } from '../../model/store.ts'
import { hashOf } from './hash.ts'
import type { Memory } from './memory.ts'
import { isOp, Joined, Kind, type Trie } from './trie.ts'

/** What a thread of a race does: a function of what it reads alone, called again and again. */
export interface ThreadBody {
  readonly name: string
  /** Returns what is to be told of it. `boundary` says that nothing lives on but these words. */
  run(boundary: (index: number, live: string) => void): unknown
}

/** What lives on at a place where histories join: the node since which all else is forgotten, and these numbers. */
export interface Mark {
  readonly base: number
  readonly numbers: readonly number[]
}

/** Ends a speculation; kernel functions have no `catch` that it could meet. */
const stop = Symbol('stop')

/** Functions of a stack, ours too. */
const DEEPEST = 128

/** Tells the end of a function from a round of a loop. */
const CALL = -1

/** Ops that a thread may run ahead alone. */
const AHEAD = 100_000

export class Recorder implements Watch {
  /** Calls of thread functions so far. */
  runs = 0
  readonly #trie: Trie
  readonly #memory: Memory
  readonly #bodies: readonly ThreadBody[]
  readonly #marks: boolean
  readonly #pauses: boolean
  /**
   * Whether what a function has seen is forgotten when it is through. Where plain accesses are a step of their own a
   * mark would stand between the op and these.
   */
  readonly #forgets: boolean
  readonly #onNode: (n: number) => void
  readonly #places = new Map<string, number>()
  /** Of each place the mark that leads there. */
  readonly #marked = new Map<number, Mark>()
  /** The way to the node to grow from, and how far along it the call has come. */
  #path: number[] = []
  #at = 0
  #node = 0
  #ahead = 0
  /** Kept from growing: the call only goes to the end of the path. */
  #looking = false
  #segment = 0
  /** Of each kernel function that is not through where it began. */
  #calls: number[] = []
  /** How the next op belongs to an access that goes on. */
  #joined: number = Joined.NOT
  /** What this segment knows of a cell already: in which segment, which bits, what they were. */
  readonly #dense = dense()
  readonly #seen = new Int32Array(this.#dense.places)
  readonly #seenMask = new Int32Array(this.#dense.places)
  readonly #seenValue = new Int32Array(this.#dense.places)

  constructor(
    trie: Trie,
    memory: Memory,
    bodies: readonly ThreadBody[],
    options: { readonly marks: boolean; readonly pauses: boolean; readonly onNode: (n: number) => void },
  ) {
    this.#trie = trie
    this.#memory = memory
    this.#bodies = bodies
    this.#marks = options.marks
    this.#pauses = options.pauses
    this.#forgets = options.marks && !options.pauses
    this.#onNode = options.onNode
  }

  /** Makes the trie go on from the pending node `n`. */
  grow(n: number): void {
    const { changes, h1, h2 } = this.#memory
    this.#call(n, false)
    this.#memory.rewind(changes, h1, h2)
  }

  /** Calls the thread once more up to node `n` and gives its stack there. */
  stackAt(n: number): string {
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = DEEPEST
    const stack = this.#call(n, true)
    Error.stackTraceLimit = stackTraceLimit
    return stack ?? ''
  }

  #call(n: number, looking: boolean): string | undefined {
    const trie = this.#trie
    const thread = trie.thread[n]!
    this.#path = [n]
    for (let p = trie.parent[n]!; trie.parent[p] !== 0; p = trie.parent[p]!) this.#path.push(p)
    this.#path.reverse()
    this.#at = 1
    this.#node = n
    this.#ahead = AHEAD
    this.#segment++
    this.#calls = []
    this.#joined = Joined.NOT
    this.#looking = looking
    this.runs++
    setWatch(this)
    try {
      const result = this.#bodies[thread]!.run((index, live) => this.#boundary(thread, index, live))
      this.finish(this.#node, result)
    } catch (error) {
      if (error instanceof Stack) return error.text
      if (error instanceof KernelBug) this.fail(this.#node, error)
      else if (error !== stop) throw error
    } finally {
      setWatch(undefined)
    }
    return undefined
  }

  get #replaying(): boolean {
    return this.#at < this.#path.length
  }

  /** The next node of the path, which must be what the thread does. */
  #expect(kind: number, cell: number, a: number): void {
    const trie = this.#trie
    const n = this.#path[this.#at - 1]!
    if (trie.kind[n] === kind && trie.cell[n] === cell && trie.a[n] === a) return
    const was = isOp(trie.kind[n]!) ? opNames[trie.kind[n]!] : `access ${trie.kind[n]}`
    const is = isOp(kind) ? opNames[kind] : `access ${kind}`
    throw new ModelBug(
      `thread ${this.#bodies[trie.thread[n]!]!.name} is not deterministic: ${was} of cell ${trie.cell[n]} before, ${is} of cell ${cell} now`,
    )
  }

  #halt(): void {
    if (this.#looking) throw new Stack()
  }

  // ---- Watch --------------------------------------------------------------------------------------------------------

  read(cell: number, mask: number): number {
    const place = this.#place(cell)
    const known = this.#seen[place] === this.#segment ? this.#seenMask[place]! : 0
    if ((known & mask) === mask) return this.#seenValue[place]! & mask
    this.#pause()
    let value: number
    if (this.#replaying) {
      this.#expect(Kind.PLAIN_READ, cell, mask)
      value = this.#trie.value[this.#path[this.#at++]!]!
    } else {
      this.#halt()
      this.#fill(Kind.PLAIN_READ, cell, mask, 0)
      if (S[cell] === POISON_FREE) throw stop
      value = S[cell]! & mask
      this.#node = this.#trie.append(this.#node, value)
    }
    if (known === 0) this.#seenValue[place] = value
    else this.#seenValue[place] = (this.#seenValue[place]! & ~mask) | value
    this.#seen[place] = this.#segment
    this.#seenMask[place] = known | mask
    return value
  }

  write(cell: number, value: number): void {
    if (this.#joined !== Joined.NOT) throw new ModelBug('an access writes plainly')
    const place = this.#place(cell)
    this.#pause()
    if (this.#replaying) {
      this.#expect(Kind.PLAIN_WRITE, cell, value)
      this.#at++
    } else {
      this.#halt()
      this.#fill(Kind.PLAIN_WRITE, cell, value, 0)
      this.#memory.set(cell, value)
      this.#node = this.#trie.append(this.#node, 0)
    }
    this.#seen[place] = this.#segment
    this.#seenMask[place] = -1
    this.#seenValue[place] = value
  }

  count(cell: number, n: number): void {
    if (this.#replaying) {
      this.#expect(Kind.COUNT, cell, n)
      this.#at++
      return
    }
    this.#halt()
    this.#fill(Kind.COUNT, cell, n, 0)
    this.#memory.set(cell, (S[cell]! + n) | 0)
    this.#node = this.#trie.append(this.#node, 0)
  }

  op(kind: number, cell: number, a: number, b: number): number {
    this.#segment++
    const joined = this.#joined
    if (joined === Joined.FIRST) this.#joined = Joined.TO_BEFORE
    if (this.#replaying) {
      this.#expect(kind, cell, a)
      return this.#trie.value[this.#path[this.#at++]!]!
    }
    this.#halt()
    this.#trie.joined[this.#node] = joined
    this.#fill(kind, cell, a, b)
    if (isBlocked(kind, cell, a) || --this.#ahead < 0) throw stop
    const result = this.#alone(kind, cell, a, b)
    this.#node = this.#trie.append(this.#node, result)
    return result
  }

  /** What a thread that runs ahead finds. What the kernel would die of now it may not die of when its turn comes. */
  #alone(kind: number, cell: number, a: number, b: number): number {
    try {
      return this.#memory.effect(kind, cell, a, b)
    } catch (error) {
      throw error instanceof KernelBug ? stop : error
    }
  }

  atOnce(yes: boolean): void {
    this.#joined = yes ? Joined.FIRST : Joined.NOT
  }

  loop(): number {
    return this.#replaying ? this.#path[this.#at - 1]! : this.#node
  }

  again(here: number, a: number, b: number, c: number): void {
    if (this.#marks) this.#mark(here, [a, b, c])
  }

  begin(): void {
    this.#calls.push(this.loop())
  }

  end(answer: number | undefined, locks: number): void {
    const here = this.#calls.pop()!
    if (answer === undefined || !this.#forgets || this.#joined !== Joined.NOT || this.loop() === here) return
    // One that it was called by may have begun there, too.
    this.#mark(here, [this.#calls.length, answer, locks, CALL])
  }

  // ---- what ends or joins histories ---------------------------------------------------------------------------------

  /** Between two steps of a thread only what they have answered and named lives on. */
  #boundary(thread: number, index: number, live: string): void {
    if (this.#marks) this.#mark(this.#trie.roots[thread]!, [index, ...hashOf(live)])
  }

  /** Of what was seen since node `base` only these numbers live on. */
  #mark(base: number, numbers: readonly number[]): void {
    this.#segment++
    if (this.#replaying) {
      this.#at++
      return
    }
    this.#halt()
    if (!this.join(this.#node, { base, numbers })) throw stop
    this.#node = this.#trie.child[this.#node]!
  }

  /** Makes the pending node `n` lead to the place of a mark; true if nobody had come there before. */
  join(n: number, mark: Mark): boolean {
    const trie = this.#trie
    // Whoever holds other locks is excluded by other threads.
    const key = `${mark.base} ${trie.held[n]} ${trie.owned[n]} ${mark.numbers.join()}`
    const known = this.#places.get(key)
    trie.child[n] = known ?? 0
    trie.fill(n, Kind.MARK, 0, 0, 0)
    this.#onNode(n)
    if (known !== undefined) return false
    const place = trie.append(n, 0)
    trie.rehash(place, mark.base, mark.numbers)
    this.#places.set(key, place)
    this.#marked.set(place, mark)
    return true
  }

  /** The mark behind the place that a marking node leads to. */
  markAt(n: number): Mark {
    return this.#marked.get(this.#trie.child[n]!)!
  }

  /** Ends a history at the pending node `n`: a finished thread is what it has to say, whatever came before. */
  finish(n: number, result: unknown): void {
    const trie = this.#trie
    trie.fill(n, Kind.DONE, 0, 0, 0)
    this.#onNode(n)
    trie.rehash(n, trie.roots[trie.thread[n]!]!, hashOf(JSON.stringify(result) ?? ''))
    trie.results.set(n, result)
  }

  /** A plain segment is a step apart from the op before it: others may come in between. */
  #pause(): void {
    const trie = this.#trie
    if (!this.#pauses) return
    if (this.#replaying) {
      if (trie.kind[this.#path[this.#at - 1]!] === Kind.PAUSE) this.#at++
      return
    }
    if (this.#looking || this.#joined === Joined.TO_BEFORE || !isOp(trie.kind[trie.parent[this.#node]!]!)) return
    this.#fill(Kind.PAUSE, 0, 0, 0)
    this.#node = trie.append(this.#node, 0)
  }

  /** The thread dies at the pending node `n`. */
  fail(n: number, bug: KernelBug): void {
    this.#trie.fill(n, Kind.BUG, 0, 0, 0)
    this.#onNode(n)
    this.#trie.bugs.set(n, bug)
  }

  #fill(kind: number, cell: number, a: number, b: number): void {
    this.#trie.fill(this.#node, kind, cell, a, b)
    this.#onNode(this.#node)
  }

  #place(cell: number): number {
    return cell < this.#dense.split ? cell : cell - this.#dense.gap
  }
}

/** Carries the stack of the place where a look has come to. */
class Stack extends Error {
  readonly text = this.stack ?? ''
}
