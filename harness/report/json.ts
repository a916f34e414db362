// One JSON document with everything that was seen: the same shape from every engine.

import type { Explored, Result } from '../check/result.ts'
import type { Counters, Observation, Step, StepSeen } from '../engine.ts'
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
  const { case: of, point, steps, reason, explored, observation, ...more } = result
  return {
    point,
    case: of.name,
    file: of.file,
    ...more,
    reason: reason ?? null,
    again: plan.again(result),
    ...(explored && { explored: { ...explored, shown: shownOf(result, explored, plan) } }),
    ...(observation && observed(observation, steps)),
  }
}

/** Each kind of bad end with the command that runs it again. */
function shownOf(result: Result, { shown }: Explored, plan: Plan): object[] {
  return shown.map(one => ({ ...one, replay: one.schedule === '' ? null : plan.replay(result, one) }))
}

/** An observation with, beside each absolute counter, its change since counting began. */
export function observed(
  { baseline, steps, after, end, log, exploration }: Observation,
  asked: readonly Step[],
): object {
  const seen = (all: readonly StepSeen[]) => all.map(one => stepSeen(one, baseline, asked))
  const endings = exploration?.endings.map(ending => ({ ...ending, steps: seen(ending.steps) }))
  return { baseline, steps: seen(steps), after, end, log, ...(endings && { endings }) }
}

function stepSeen({ counters, ...seen }: StepSeen, baseline: Counters, asked: readonly Step[]): object {
  const { text, by, pos } = asked[seen.index] ?? {}
  return { step: text, by, pos, ...seen, counters, delta: change(counters, baseline) }
}

function change(now: Counters, before: Counters): Counters {
  const delta: Record<string, number> = {}
  for (const [name, value] of Object.entries(now)) {
    const was = before[name]
    if (was !== undefined) delta[name] = value - was
  }
  return delta
}
