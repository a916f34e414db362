// What changes between two subjects, a line a point.

import type { Result } from '../check/result.ts'
import { type Change, changeOf, changes, colourOf, whyNotCompared } from './change.ts'
import type { Paint } from './reporter.ts'

/** One point under both subjects. */
export interface Compared {
  readonly change: Change
  readonly point: string
  readonly text: string
}

/** Where there is no `after` the run was interrupted. */
export function compared(before: Result, after: Result | undefined): Compared {
  const { point, found } = before
  if (after === undefined) return { change: 'not compared', point, text: 'interrupted' }
  const change = changeOf(before, after)
  if (change === 'not compared') return { change, point, text: whyNotCompared(before, after) }
  return { change, point, text: change === 'same' ? found : `${found} -> ${after.found}` }
}

export function* compareLines(all: readonly Compared[], verbose: boolean, paint: Paint): Generator<string> {
  const width = Math.max(0, ...all.map(({ point }) => point.length))
  for (const change of changes) {
    if (change === 'same' && !verbose) continue
    for (const { point, text } of all.filter(one => one.change === change))
      yield `${paint(colourOf[change], change.padEnd(12))}  ${point.padEnd(width)}  ${text}`
  }
  const counts = changes.map(change => `${all.filter(one => one.change === change).length} ${change}`)
  yield `${all.length} points: ${counts.join(', ')}`
}
