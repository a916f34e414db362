// `--jobs N`: how many threads of this process the model runs on.

import { availableParallelism } from 'node:os'
import type { Worker } from 'node:worker_threads'
import type { Result } from '../check/result.ts'
import { type Asked, readyHelpers, SpreadPoints } from '../explore/parallel/points.ts'
import { execute, type HowToRun } from './execute.ts'
import { countTrials, type Group } from './groups.ts'
import { Refusal } from './refusal.ts'

export interface JobsOptions {
  readonly jobs?: string
  readonly patch: readonly string[]
}

/** More are of no use to anybody. */
const MOST = 64

export interface Jobs {
  readonly threads: number
  /** Somebody asked for so many: then one race is searched by all of them, where points are too few. */
  readonly asked: boolean
  /** Helpers that have been started already. */
  readonly ready?: readonly Worker[] | undefined
}

/** To read so many files takes as long as the start of a helper, which so can be ready when they are read. */
const MANY_FILES = 50

/** With the helpers that a run of so many files is going to need. */
export function readied(jobs: Jobs, files: number): Jobs {
  return files < MANY_FILES ? jobs : { ...jobs, ready: readyHelpers(jobs.threads - 1) }
}

/** As many as were asked for; nobody asked: as many as there are CPUs. */
export function jobsOf(text: string | undefined): Jobs {
  if (text === undefined) return { threads: Math.min(MOST, availableParallelism()), asked: false }
  if (!/^[1-9]\d?$/.test(text) || Number(text) > MOST)
    throw new Refusal(`--jobs is a whole number from 1 to ${MOST}, not "${text}"`)
  return { threads: Number(text), asked: true }
}

/** As execute, with the points of the model spread over threads: the same results in the same order. */
export async function* executeOn(
  jobs: Jobs,
  groups: readonly Group[],
  patches: readonly string[],
  how: HowToRun,
): AsyncGenerator<Result> {
  const { threads, asked: wanted, ready } = jobs
  const model = groups.filter(({ engine }) => engine.kind === 'model')
  if (wanted && threads > 1 && countTrials(model) < threads) {
    return yield* execute(groups, { ...how, exploring: { ...how.exploring, jobs: { threads, patches } } })
  }
  if (threads === 1 || countTrials(model) <= 1) return yield* execute(groups, how)
  const asked: Asked[] = model.map(({ engine, trials }) => ({ engine, points: trials.map(({ point }) => point) }))
  const spread = new SpreadPoints(asked, { ...how, exploring: how.exploring ?? {}, jobs: threads, patches, ready })
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
