// The test points of the project's cases, one by one: what a changed model is put to.

import { judge, type Trial } from '../../check/judge.ts'
import type { Result } from '../../check/result.ts'
import type { Engine } from '../../engine.ts'
import { racesOf } from '../../explore/model-engine.ts'
import { raceText } from '../../explore/search/races.ts'
import { casesOf } from '../load.ts'
import { smallestRaces } from '../small-races.ts'
import { groupsFor } from '../subjects.ts'
import { variantOf } from '../variants.ts'

export interface Point {
  /** `thp/pin-fork[hold=get,child=gone] v4.5` */
  readonly name: string
  run(): Promise<Pick<Result, 'status' | 'found'>>
}

/** Every case of the project under its usual variants in the model; `detector`: behind them their races under it. */
export async function points(detector: boolean): Promise<Point[]> {
  const groups = await groupsFor(await casesOf([]), { variant: [], kernel: [], patch: [] }, [])
  const verdicts = groups.flatMap(({ engine, trials }) =>
    trials.map(trial => ({ name: nameOf(trial), run: () => verdict(engine, trial) })),
  )
  const races = detector ? await smallestRaces() : []
  return [...verdicts, ...races.map(trial => ({ name: `races of ${nameOf(trial)}`, run: () => order(trial) }))]
}

const nameOf = ({ point, subject }: Trial): string => `${point.name} ${subject.name}`

/** MiB of states, 260,000 of them, for one search in single steps; what is not found in them goes unnoticed. */
const MEMORY = 8

/** Whether all that the threads of a race touch has an order. */
async function order({ point, subject }: Trial): Promise<Pick<Result, 'status' | 'found'>> {
  const races = racesOf(point, variantOf(subject.name, []), { memory: MEMORY })?.races ?? []
  return races.length === 0 ? { status: 'pass', found: 'clean' } : { status: 'fail', found: raceText(races[0]!) }
}

async function verdict(engine: Engine, trial: Trial): Promise<Result> {
  for await (const seen of engine.run([trial.point], { detail: false })) return judge(trial, seen)
  throw new Error('the engine gave no observation')
}
