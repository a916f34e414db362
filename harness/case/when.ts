// `when`: values of the matrix, decided for each combination, and patches or releases, decided for each subject.

import type { Subject } from '../engine.ts'
import { isCalled } from '../model/history/commit.ts'
import { didYouMean } from '../steps/words/nearest.ts'
import { quoted } from '../steps/words/word.ts'
import type { Values } from './case.ts'
import { fits, type Matrix, readWished, type Wish } from './matrix.ts'
import type { Problems } from './problems.ts'
import { kindOf, type Node } from './tree.ts'

/** What a subject must have, and what it must not. */
export interface Condition {
  readonly from: readonly string[]
  readonly until: readonly string[]
}

export function holds({ from, until }: Condition, subject: Subject): boolean {
  return from.every(id => subject.has(id)) && !until.some(id => subject.has(id))
}

interface When {
  readonly node: Node
  readonly wish: Wish
  from: readonly string[]
  until: readonly string[]
  fitted: boolean
}

/** All `when`s of one file, each read once. */
export class Whens {
  readonly ids = new Set<string>()
  /** Of each `from` that names several, these. */
  readonly together: (readonly string[])[] = []
  readonly #read = new Map<Node, When>()
  readonly #matrix: Matrix
  readonly #known: readonly string[]
  readonly #standsFor: (id: string) => string | undefined
  readonly #problems: Problems

  /** `standsFor`: the patch that a posted version became. */
  constructor(
    matrix: Matrix,
    known: readonly string[],
    standsFor: (id: string) => string | undefined,
    problems: Problems,
  ) {
    this.#matrix = matrix
    this.#known = known
    this.#standsFor = standsFor
    this.#problems = problems
  }

  /** What is left to ask the subject under this combination, or undefined: the combination does not fit. */
  under(values: Values, node: Node | undefined): Condition | undefined {
    if (node === undefined) return always
    const when = this.#read.get(node) ?? this.#parse(node)
    this.#read.set(node, when)
    if (!fits(values, when.wish)) return undefined
    when.fitted = true
    return when
  }

  /** Reports every `when` that no combination fits: nobody would ever notice what stands beside it. */
  reportIdle(): void {
    for (const { node, fitted } of this.#read.values()) {
      if (!fitted) this.#problems.add('BAD_VALUE', node, 'no combination of the matrix fits this')
    }
  }

  #parse(node: Node): When {
    const wish = new Map<string, readonly string[]>()
    const when: When = { node, wish, from: [], until: [], fitted: false }
    if (node.kind !== 'map' || node.entries.length === 0) {
      this.#problems.add(
        'BAD_SHAPE',
        node,
        `here stands a map with from, until or values of the matrix, not ${kindOf(node)}`,
      )
      return when
    }
    for (const { key, value } of node.entries) {
      if (key.text === 'from') when.from = this.#readIds(value)
      else if (key.text === 'until') when.until = this.#readIds(value)
      else {
        const wished = readWished(key, value, this.#matrix.values, ['from', 'until'], this.#problems)
        if (wished.length > 0) wish.set(key.text, wished)
      }
    }
    if (when.from.length > 1) this.together.push(when.from)
    // Who has a posted version does not have the patch itself, for which it would stand.
    const posted = when.from.map(this.#standsFor)
    when.until = when.until.filter(id => !posted.includes(id))
    return when
  }

  #readIds(node: Node): readonly string[] {
    const ids: string[] = []
    for (const one of node.kind === 'list' ? node.items : [node]) {
      if (one.kind !== 'scalar') {
        this.#problems.add('BAD_SHAPE', one, `here stands a patch or a release, not ${kindOf(one)}`)
        continue
      }
      const id = this.#known.find(known => isCalled(known, one.text))
      if (id === undefined) {
        const near = didYouMean(one.text, this.#known)
        this.#problems.add('UNKNOWN_PATCH', one, `no patch and no release is called ${quoted(one.text)}${near}`)
      } else {
        ids.push(id)
        this.ids.add(id)
      }
    }
    return ids
  }
}

const always: Condition = { from: [], until: [] }
