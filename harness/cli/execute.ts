// Runs groups of test points and judges what their engines saw.

import { setImmediate as turn } from 'node:timers/promises'
import { judge, unjudged } from '../check/judge.ts'
import type { Result } from '../check/result.ts'
import type { Exploring } from '../engine.ts'
import type { Group } from './groups.ts'

export interface HowToRun {
  /** Every range at every step, for reports that show them. */
  readonly detail: boolean
  /** How far races are explored: all the way, if nothing is said. */
  readonly exploring?: Exploring
  readonly signal: AbortSignal
}

/** Results in the order of the trials; none is lost, unless the signal ends the run. */
export async function* execute(groups: readonly Group[], how: HowToRun): AsyncGenerator<Result> {
  for (const group of groups) {
    let left = group
    while (left.trials.length > 0 && !how.signal.aborted) {
      let done = 0
      for await (const result of attempt(left, how)) {
        done++
        yield result
      }
      left = { engine: left.engine, trials: left.trials.slice(done) }
    }
  }
}

/** One go at a group: up to its end, or up to and with the point at which the engine itself broke. */
async function* attempt({ engine, trials }: Group, how: HowToRun): AsyncGenerator<Result> {
  const { signal } = how
  let next = 0
  try {
    const points = trials.map(trial => trial.point)
    for await (const observation of engine.run(points, how)) {
      const trial = trials[next]
      if (trial === undefined) return
      next++
      yield judge(trial, observation)
      if (next % eventLoopEvery === 0) await turn()
      if (signal.aborted) return
    }
  } catch (error) {
    if (!signal.aborted && trials[next] !== undefined) yield unjudged(trials[next]!, 'bug', bugText(error))
    return
  }
  if (!signal.aborted && next < trials.length) yield unjudged(trials[next]!, 'bug', 'the engine gave no observation')
}

/** The model never waits; signals and timers want their turn. */
const eventLoopEvery = 32

function bugText(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return process.env.MMFUNC_DEBUG ? (error.stack ?? error.message) : error.message
}
