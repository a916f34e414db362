// One JSON document with everything that was seen: the same shape from every engine.

import type { Result } from '../check/result.ts'
import type { Counters, Observation, Step } from '../engine.ts'
import type { Plan, Reporter } from './reporter.ts'
import type { Tally } from './tally.ts'
import { exitOf } from './tally.ts'

export function json(plan: Plan): Reporter {
  let first = true
  return {
    *begin() {
      yield `{"mmfunc": ${JSON.stringify(plan.version)}, "points": [`
    },
    *result(result) {
      yield (first ? '' : ',') + JSON.stringify(pointOf(result, plan))
      first = false
    },
    *end(tally: Tally) {
      yield `], "summary": ${JSON.stringify({ ...tally, exit: exitOf(tally) })}}`
    },
  }
}

function pointOf(result: Result, plan: Plan): object {
  const { case: of, values, point, engine, subject, status, wanted, found, anomalies, unseen, steps, reason } = result
  return {
    point,
    case: of.name,
    file: of.file,
    values,
    engine,
    subject,
    status,
    wanted,
    found,
    anomalies,
    unseen,
    reason: reason ?? null,
    again: plan.again(result),
    ...(result.observation && observed(result.observation, steps)),
  }
}

/** An observation with, beside each absolute counter, its change since counting began. */
function observed({ baseline, steps, after, end, log }: Observation, asked: readonly Step[]): object {
  return {
    baseline,
    steps: steps.map(({ counters, ...seen }) => {
      const step = asked[seen.index]
      const { text, by, pos } = step ?? {}
      return { step: text, by, pos, ...seen, counters, delta: change(counters, baseline) }
    }),
    after,
    end,
    log,
  }
}

function change(now: Counters, before: Counters): Counters {
  const delta: Record<string, number> = {}
  for (const [name, value] of Object.entries(now)) {
    const was = before[name]
    if (was !== undefined) delta[name] = value - was
  }
  return delta
}
