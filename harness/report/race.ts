// How much of a race was looked at and what it came to, the same in every report.

import type { Explored, Result, Shown } from '../check/result.ts'
import type { Plan } from './reporter.ts'
import { anomalyText, oneLine } from './words.ts'

/** `20 interleavings, 9 states, 2 distinct ends; complete` */
export function exploredText({ engine, explored }: Result & { readonly explored: Explored }): string {
  const { interleavings, states, complete, bound, endings } = explored
  const ends = count(endings.length, 'distinct end')
  if (engine !== 'model') return `${count(states, 'round')}, ${ends}`
  const how = complete ? 'complete' : `ended by a bound: ${bound ?? 'unknown'}`
  return `${interleavings} ${interleavings === '1' ? 'interleaving' : 'interleavings'}, ${count(states, 'state')}, ${ends}; ${how}`
}

/** `sometimes counter-drift`, `clean` */
export function foundText({ found, how, explored }: Result): string {
  return explored === undefined || found === 'clean' ? found : `${how} ${found}`
}

/** One kind of bad end as data for a report. */
export interface ShownLines {
  readonly anomaly: string
  /** How many of the ends. */
  readonly ends: string
  readonly schedule: string
  readonly says: readonly string[]
  /** The command that runs it again; none where a real kernel chose. */
  readonly replay: string | undefined
}

export function shownLines(result: Result, plan: Pick<Plan, 'replay'>): readonly ShownLines[] {
  const { explored } = result
  if (explored === undefined) return []
  return explored.shown.map((shown: Shown) => ({
    anomaly: shown.name,
    ends: `${shown.endings} of ${explored.endings.length}`,
    schedule: shown.schedule,
    says: shown.anomalies.map(anomalyText).map(oneLine),
    replay: shown.schedule === '' ? undefined : plan.replay(result, shown),
  }))
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`
}
