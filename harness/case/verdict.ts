// `verdict`: read from the top, the last line that fits holds.

import type { Machine, Subject } from '../engine.ts'
import { didYouMean } from '../steps/words/nearest.ts'
import { Scope, within } from '../steps/words/scope.ts'
import { quoted } from '../steps/words/word.ts'
import type { SeenWanted, Values, Wanted } from './case.ts'
import { contextFor } from './machine.ts'
import { substitute, valuesIn } from './matrix.ts'
import type { Problems } from './problems.ts'
import { checkKeys } from './read.ts'
import { readSeen } from './seen.ts'
import { get, kindOf, type Mapping, type Node, type Scalar } from './tree.ts'
import { holds, type Whens } from './when.ts'

interface Line {
  readonly wanted: Omit<Wanted, 'seen'>
  readonly when: Node | undefined
  readonly seen: Node | undefined
}

/** The words that a verdict may use. */
interface Words {
  readonly anomalies: readonly string[]
  readonly counters: readonly string[]
}

export class Verdict {
  readonly #lines: readonly Line[]
  readonly #counters: readonly string[]
  readonly #whens: Whens
  readonly #problems: Problems
  readonly #seen = new Map<string, readonly SeenWanted[]>()

  constructor(node: Node, { anomalies, counters }: Words, whens: Whens, problems: Problems) {
    this.#counters = counters
    this.#whens = whens
    this.#problems = problems
    const lines = node.kind === 'list' ? node.items : [node]
    this.#lines = lines.flatMap(line => readLine(line, anomalies, problems) ?? [])
    if (lines.length === 0 || (this.#lines[0] !== undefined && this.#lines[0].when !== undefined)) {
      problems.add('NO_VERDICT', lines[0] ?? node, 'the first line of a verdict holds always, and has no `when`')
    }
  }

  /** Has every `when` read under this combination, and what stands beside those that fit. */
  visit(values: Values, machine: Machine): void {
    for (const line of this.#lines)
      if (this.#whens.under(values, line.when) !== undefined) this.#seenOf(line, values, machine)
  }

  /** The last line that fits. */
  of(values: Values, machine: Machine, subject: Subject): Wanted {
    const line = this.#lines.findLast(({ when }) => {
      const condition = this.#whens.under(values, when)
      return condition !== undefined && holds(condition, subject)
    })
    const held = line ?? this.#lines[0]!
    return { ...held.wanted, seen: this.#seenOf(held, values, machine) }
  }

  /** What H means depends on the machine. */
  #seenOf({ seen }: Line, values: Values, machine: Machine): readonly SeenWanted[] {
    if (seen === undefined) return []
    const key = `${seen.start} ${machine.hugepage} ${valuesIn(seen, values)}`
    const known = this.#seen.get(key)
    if (known !== undefined) return known
    const problems = this.#problems
    const read = within(contextFor(machine, new Scope()), () =>
      readSeen(substitute(seen, values, problems), this.#counters, problems),
    )
    this.#seen.set(key, read)
    return read
  }
}

function readLine(node: Node, anomalies: readonly string[], problems: Problems): Line | undefined {
  if (node.kind === 'scalar') {
    if (node.text === 'clean')
      return {
        wanted: { anomalies: ['clean'], how: 'always', pos: problems.position(node) },
        when: undefined,
        seen: undefined,
      }
    const near = didYouMean(node.text, ['clean'])
    problems.add(
      'BAD_VALUE',
      node,
      `${quoted(node.text)} is no verdict${near || '; write clean, or {always: ANOMALY, when: …}'}`,
    )
    return undefined
  }
  if (node.kind === 'list') {
    problems.add('BAD_SHAPE', node, 'a verdict is clean, or a map with always or sometimes')
    return undefined
  }
  const isRead = checkKeys(node, ['always', 'sometimes', 'seen', 'when'], [], problems)
  return isRead ? readMap(node, anomalies, problems) : undefined
}

function readMap(node: Mapping, anomalies: readonly string[], problems: Problems): Line | undefined {
  const [first, second] = node.entries.filter(({ key }) => key.text === 'always' || key.text === 'sometimes')
  if (first === undefined || second !== undefined) {
    problems.add('BAD_SHAPE', second?.key ?? node, 'a verdict says either always or sometimes')
    return undefined
  }
  const how = first.key.text === 'always' ? 'always' : 'sometimes'
  const names = readAnomalies(first.value, how, anomalies, problems)
  if (names === undefined) return undefined
  const wanted = { anomalies: names, how, pos: problems.position(node) } as const
  return { wanted, when: get(node, 'when'), seen: get(node, 'seen') }
}

/** One anomaly; a list after `sometimes`: some ways end with each of them, and some with none. */
function readAnomalies(
  node: Node,
  how: Wanted['how'],
  anomalies: readonly string[],
  problems: Problems,
): readonly string[] | undefined {
  if (node.kind !== 'list' || how === 'always') return isAnomaly(node, anomalies, problems) ? [node.text] : undefined
  if (node.items.length < 2) problems.add('BAD_SHAPE', node, 'a list names two anomalies or more')
  const names: string[] = []
  for (const item of node.items) {
    if (!isAnomaly(item, anomalies, problems)) return undefined
    if (names.includes(item.text)) problems.add('BAD_VALUE', item, `${quoted(item.text)} is named twice`)
    if (item.text === 'clean') problems.add('BAD_VALUE', item, 'sometimes says already that some ways are clean')
    names.push(item.text)
  }
  return names
}

function isAnomaly(node: Node, anomalies: readonly string[], problems: Problems): node is Scalar {
  if (node.kind !== 'scalar') problems.add('BAD_SHAPE', node, `here stands the name of an anomaly, not ${kindOf(node)}`)
  else if (node.text === 'clean' || anomalies.includes(node.text)) return true
  else {
    const near = didYouMean(node.text, anomalies)
    problems.add('UNKNOWN_ANOMALY', node, `no anomaly is called ${quoted(node.text)}${near}`)
  }
  return false
}
