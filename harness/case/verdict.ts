// `verdict`: read from the top, the last line that fits holds.

import type { Subject } from '../engine.ts'
import { didYouMean } from '../steps/words/nearest.ts'
import { quoted } from '../steps/words/word.ts'
import type { Values, Wanted } from './case.ts'
import type { Problems } from './problems.ts'
import { checkKeys } from './read.ts'
import { get, kindOf, type Mapping, type Node, type Scalar } from './tree.ts'
import { holds, type Whens } from './when.ts'

interface Line {
  readonly wanted: Wanted
  readonly when: Node | undefined
}

export class Verdict {
  readonly #lines: readonly Line[]
  readonly #whens: Whens

  constructor(node: Node, anomalies: readonly string[], whens: Whens, problems: Problems) {
    this.#whens = whens
    const lines = node.kind === 'list' ? node.items : [node]
    this.#lines = lines.flatMap(line => readLine(line, anomalies, problems) ?? [])
    if (lines.length === 0 || (this.#lines[0] !== undefined && this.#lines[0].when !== undefined)) {
      problems.add('NO_VERDICT', lines[0] ?? node, 'the first line of a verdict holds always, and has no `when`')
    }
  }

  /** Has every `when` read under this combination. */
  visit(values: Values): void {
    for (const { when } of this.#lines) this.#whens.under(values, when)
  }

  /** The last line that fits. */
  of(values: Values, subject: Subject): Wanted {
    const line = this.#lines.findLast(({ when }) => {
      const condition = this.#whens.under(values, when)
      return condition !== undefined && holds(condition, subject)
    })
    return (line ?? this.#lines[0]!).wanted
  }
}

function readLine(node: Node, anomalies: readonly string[], problems: Problems): Line | undefined {
  if (node.kind === 'scalar') {
    if (node.text === 'clean')
      return { wanted: { anomaly: 'clean', how: 'always', pos: problems.position(node) }, when: undefined }
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
  const seen = node.entries.find(({ key }) => key.text === 'seen')
  if (seen !== undefined) problems.add('NOT_YET', seen.key, '"seen" is not there yet')
  const [first, second] = node.entries.filter(({ key }) => key.text === 'always' || key.text === 'sometimes')
  if (first === undefined || second !== undefined) {
    problems.add('BAD_SHAPE', second?.key ?? node, 'a verdict says either always or sometimes')
    return undefined
  }
  const how = first.key.text === 'always' ? 'always' : 'sometimes'
  if (!isAnomaly(first.value, anomalies, problems)) return undefined
  return { wanted: { anomaly: first.value.text, how, pos: problems.position(node) }, when: get(node, 'when') }
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
