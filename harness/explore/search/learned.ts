// What one search has learned of what threads do, for another of the same race: nodes of its tries, as plain data. Two
// tries that have learned from each other hold the same histories, and so each knows all that threads may touch.

import { KernelBug, ModelBug } from '../../model/bug.ts'
import type { Machine } from './machine.ts'
import type { Mark } from './recorder.ts'
import { Kind } from './trie.ts'

/** Nodes by their numbers in the trie that they come from, parents before children. */
export interface Learned {
  readonly nodes: Int32Array
  /** Of each node parent, value, kind, cell, a and b. */
  readonly words: Int32Array
  readonly joined: Uint8Array
  readonly marks: readonly (readonly [node: number, Mark])[]
  readonly results: readonly (readonly [node: number, unknown])[]
  readonly bugs: readonly (readonly [node: number, anomaly: string, text: string])[]
}

const WORDS = 6

/** Tells, each time, what the machine has learned since. */
export class Teller {
  readonly #machine: Machine
  /** Nodes told of when nobody had been there yet. */
  #pending: number[] = []
  #told: number

  constructor(machine: Machine) {
    this.#machine = machine
    this.#told = machine.threads + 1
    this.#pending = [...machine.trie.roots]
  }

  news(): Learned {
    const { trie, recorder } = this.#machine
    const nodes = this.#pending.filter(n => trie.kind[n] !== Kind.PENDING)
    const pending = this.#pending.filter(n => trie.kind[n] === Kind.PENDING)
    for (let n = this.#told; n < trie.size; n++) {
      nodes.push(n)
      if (trie.kind[n] === Kind.PENDING) pending.push(n)
    }
    this.#pending = pending
    this.#told = trie.size
    const words = new Int32Array(WORDS * nodes.length)
    for (const [i, n] of nodes.entries())
      words.set([trie.parent[n]!, trie.value[n]!, trie.kind[n]!, trie.cell[n]!, trie.a[n]!, trie.b[n]!], WORDS * i)
    const ofKind = (kind: number): number[] => nodes.filter(n => trie.kind[n] === kind)
    return {
      nodes: Int32Array.from(nodes),
      words,
      joined: Uint8Array.from(nodes, n => trie.joined[n]!),
      marks: ofKind(Kind.MARK).map(n => [n, recorder.markAt(n)]),
      results: ofKind(Kind.DONE).map(n => [n, trie.results.get(n)]),
      bugs: ofKind(Kind.BUG).map(n => [n, trie.bugs.get(n)!.anomaly, trie.bugs.get(n)!.message]),
    }
  }
}

/** Takes in what one other search tells. */
export class Listener {
  readonly #machine: Machine
  /** Of its nodes ours. */
  readonly #ours: number[] = []

  constructor(machine: Machine) {
    this.#machine = machine
    for (const root of machine.trie.roots) this.#ours[root] = root
  }

  learn(news: Learned): void {
    const { trie } = this.#machine
    const marks = new Map(news.marks)
    const results = new Map(news.results)
    const bugs = new Map(news.bugs.map(([n, anomaly, text]) => [n, new KernelBug(anomaly, text)]))
    for (const [i, n] of news.nodes.entries()) {
      const [parent, value, kind, cell, a, b] = news.words.subarray(WORDS * i, WORDS * (i + 1)) as unknown as Words
      const ours = this.#ours[n] ?? this.#step(this.#ours[parent]!, value)
      this.#ours[n] = ours
      if (kind === Kind.PENDING) continue
      if (trie.kind[ours] !== Kind.PENDING) {
        if (trie.kind[ours] !== kind || (kind < Kind.MARK && (trie.cell[ours] !== cell || trie.a[ours] !== a)))
          throw new ModelBug(`two searches of one race saw thread ${this.#machine.names[trie.thread[ours]!]} differ`)
        continue
      }
      trie.joined[ours] = news.joined[i]!
      this.#fill(ours, [parent, value, kind, cell, a, b], marks.get(n), results.get(n), bugs.get(n))
    }
  }

  #step(parent: number, value: number): number {
    const { trie } = this.#machine
    return trie.kind[parent] === Kind.MARK ? trie.child[parent]! : trie.next(parent, value)
  }

  #fill(n: number, [, , kind, cell, a, b]: Words, mark?: Mark, result?: unknown, bug?: KernelBug): void {
    const { recorder, trie, sharing } = this.#machine
    if (mark !== undefined) recorder.join(n, { ...mark, base: this.#ours[mark.base]! })
    else if (kind === Kind.DONE) recorder.finish(n, result)
    else if (bug !== undefined) recorder.fail(n, bug)
    else {
      trie.fill(n, kind, cell, a, b)
      sharing.note(n)
    }
  }
}

type Words = readonly [parent: number, value: number, kind: number, cell: number, a: number, b: number]
