// `--jobs N`: how many threads of this process the model runs on.

import { availableParallelism } from 'node:os'
import type { Result } from '../check/result.ts'
import { type Asked, SpreadPoints } from '../explore/parallel/points.ts'
import { execute, type HowToRun } from './execute.ts'
import { countTrials, type Group } from './groups.ts'
import { Refusal } from './refusal.ts'

export interface JobsOptions {
  readonly jobs?: string
  readonly patch: readonly string[]
}

/** More are of no use to anybody. */
const MOST = 64

/** As many as were asked for; nobody asked: as many as there are CPUs. */
export function jobsOf(text: string | undefined): number {
  if (text === undefined) return Math.min(MOST, availableParallelism())
  if (!/^[1-9]\d?$/.test(text) || Number(text) > MOST)
    throw new Refusal(`--jobs is a whole number from 1 to ${MOST}, not "${text}"`)
  return Number(text)
}

/** As execute, with the points of the model spread over threads: the same results in the same order. */
export async function* executeOn(
  jobs: number,
  groups: readonly Group[],
  patches: readonly string[],
  how: HowToRun,
): AsyncGenerator<Result> {
  const model = groups.filter(({ engine }) => engine.kind === 'model')
  if (jobs === 1 || countTrials(model) === 1) return yield* execute(groups, how)
  const asked: Asked[] = model.map(({ engine, trials }) => ({ engine, points: trials.map(({ point }) => point) }))
  const spread = new SpreadPoints(asked, { ...how, exploring: how.exploring ?? {}, jobs, patches })
  const engines = new Map(model.map(({ engine }, i) => [engine, spread.engines[i]!]))
  try {
    yield* execute(
      groups.map(({ engine, trials }) => ({ engine: engines.get(engine) ?? engine, trials })),
      how,
    )
  } finally {
    await spread.close()
  }
}
