// Who is asked what: the test points of a run, grouped so that each engine runs once with all of its own.

import type { Case } from '../case/case.ts'
import type { Trial } from '../check/judge.ts'
import type { Engine } from '../engine.ts'

/** One engine and everything that it is asked. */
export interface Group {
  readonly engine: Engine
  readonly trials: readonly Trial[]
}

/** Every combination of these cases, as this engine's subject sees them. */
export function groupOf(engine: Engine, cases: readonly Case[]): Group {
  const { kind, subject } = engine
  const trials = cases.flatMap(one =>
    one.combinations.map(values => ({ case: one, values, point: one.point(values, subject), engine: kind, subject })),
  )
  return { engine, trials }
}

export function countTrials(groups: readonly Group[]): number {
  return groups.reduce((sum, { trials }) => sum + trials.length, 0)
}
