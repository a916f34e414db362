// `seen` of a verdict: the values with which a counter may end, over all the ways in which a race may go.

import { PAGE } from '../steps/words/scope.ts'
import { BadWord, quoted, word } from '../steps/words/word.ts'
import type { SeenWanted } from './case.ts'
import { amountOf, isAmount, isCounter } from './expect.ts'
import type { Problems } from './problems.ts'
import { read } from './read.ts'
import { kindOf, type Node, type Scalar } from './tree.ts'

/** More values than a search tells apart are a mistake. */
const MOST_VALUES = 1_000_000

/** `{Mlocked: -1H+1P..+1H-1P, Unevictable: [+0, +1H]}`, read within the context of its machine. */
export function readSeen(node: Node, counters: readonly string[], problems: Problems): SeenWanted[] {
  if (node.kind !== 'map' || node.entries.length === 0) {
    problems.add('BAD_SHAPE', node, `here stands a map of counters and their values, not ${kindOf(node)}`)
    return []
  }
  return node.entries.flatMap(({ key, value }) =>
    isCounter(key, counters, [], problems) ? readCounter(key, value, problems) : [],
  )
}

function readCounter(key: Scalar, node: Node, problems: Problems): SeenWanted[] {
  const items = node.kind === 'list' ? node.items : [node]
  const all = items.map(item => read(valuesOf(key.text), item, problems))
  const values = all.filter(one => one !== undefined)
  if (values.length < items.length) return []
  if (values.length === 0) problems.add('BAD_SHAPE', node, 'no value is named here')
  const [first] = values
  if (first === undefined) return []
  const other = values.findIndex(({ delta }) => delta !== first.delta)
  if (other >= 0)
    problems.add('BAD_AMOUNT', items[other]!, 'either all values have a sign, which means change, or none')
  const ranges = values.map(({ min, max }) => ({ min, max }))
  return [{ name: key.text, delta: first.delta, ranges, grain: grainOf(key.text), pos: problems.position(key) }]
}

interface Values {
  readonly min: number
  readonly max: number
  readonly delta: boolean
}

/** `+0`, or `+0..+1H-1P` with both ends. */
function valuesOf(counter: string): ReturnType<typeof word<Values>> {
  const amount = amountOf(counter)
  return word(counter, text => {
    const ends = text.split('..')
    const [from, to] = [amount(ends[0]!), amount(ends.at(-1)!)]
    if (ends.length > 2) throw new BadWord('BAD_AMOUNT', `${quoted(text)} has more than two ends`)
    if (from.delta !== to.delta) throw new BadWord('BAD_AMOUNT', `${quoted(text)} has a sign at one end only`)
    if (from.value > to.value) throw new BadWord('BAD_AMOUNT', `${quoted(text)} ends before it begins`)
    const grain = grainOf(counter)
    if ((to.value - from.value) % grain !== 0)
      throw new BadWord('BAD_AMOUNT', `${quoted(text)} does not end whole pages after it begins`)
    if ((to.value - from.value) / grain > MOST_VALUES)
      throw new BadWord('OUT_OF_RANGE', `${quoted(text)} is more than ${MOST_VALUES} values`)
    return { min: from.value, max: to.value, delta: from.delta }
  })
}

/** Amounts of /proc/meminfo go by base pages, counts of /proc/vmstat by one. */
function grainOf(counter: string): number {
  return isAmount(counter) ? PAGE : 1
}
