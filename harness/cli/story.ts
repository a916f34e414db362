// Which point tells a change best, and its story: once more with every page looked at.

import type { Result } from '../check/result.ts'
import type { OpTaken } from '../engine.ts'
import type { Story } from '../report/explain.ts'
import type { Side } from '../report/story.ts'
import { replayCommand } from './again.ts'
import type { Runs } from './runs.ts'

/**
 * Of points under several subjects the one that is told soonest: of a case that is about it, without a race, in few
 * steps.
 */
export function telling<R extends readonly (Result | undefined)[]>(rows: readonly R[], id = ''): R | undefined {
  const length = ([first]: R) =>
    first!.steps.length + (first!.explored === undefined ? 0 : 1000) + (first!.case.see.includes(id) ? 0 : 500)
  return rows.reduce<R | undefined>((best, row) => (best && length(best) <= length(row) ? best : row), undefined)
}

export async function storyOf(first: Result, second: Result | undefined, runs: Runs): Promise<Story> {
  const one = await sideOf(first, runs)
  const other = second && (await sideOf(second, runs))
  const raced = [one, other].find(side => side?.took !== undefined)?.result
  const replay = raced && replayCommand(raced, raced.explored!.shown[0]!, [])
  return { sides: [one, other], replay }
}

async function sideOf(result: Result, runs: Runs): Promise<Side> {
  // What comes before a race is the same on every way through it.
  const { observation } = await runs.again(result, true, result.explored === undefined ? {} : { preemptions: 0 })
  const shown = result.explored?.shown[0]
  if (shown === undefined) return { result: { ...result, observation } }
  const took: OpTaken[] = []
  await runs.again(result, false, { schedule: { text: shown.schedule, took: step => took.push(step) } })
  return { result: { ...result, observation }, took }
}
