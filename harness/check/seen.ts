// `seen` of a verdict against the values with which a counter ended.

import type { SeenWanted } from '../case/case.ts'
import { counterText } from './counter.ts'
import type { Objection } from './verdict.ts'

/** The most stretches of values that a message names. */
const MOST_NAMED = 4

/** Values that the case does not state, and values that it states and that never came. */
export function* judgeSeen(
  { name, delta, ranges, grain }: SeenWanted,
  found: ReadonlySet<number>,
): Generator<Objection> {
  const isStated = (value: number) => ranges.some(({ min, max }) => value >= min && value <= max)
  const other = [...found].filter(value => !isStated(value))
  if (other.length > 0)
    yield { text: `${name} ends with ${listText(other, delta, grain)}, which the case does not state`, open: false }
  const missing: number[] = []
  for (const { min, max } of ranges)
    for (let value = min; value <= max; value += grain) if (!found.has(value)) missing.push(value)
  if (missing.length > 0)
    yield { text: `${name} never ends with ${listText(missing, delta, grain)}, which the case states`, open: true }
}

/** `+0, +4096..+12288 or 7 more` */
function listText(values: readonly number[], delta: boolean, grain: number): string {
  const stretches: { min: number; max: number }[] = []
  for (const value of [...values].sort((a, b) => a - b)) {
    const last = stretches.at(-1)
    if (last !== undefined && value <= last.max + grain) last.max = value
    else stretches.push({ min: value, max: value })
  }
  const shown = stretches.slice(0, MOST_NAMED).map(({ min, max }) => {
    const ends = min === max ? [min] : [min, max]
    return ends.map(value => counterText(value, delta)).join('..')
  })
  const more = stretches.length - shown.length
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(' or ')
}
