// The test points of the project's cases, one by one: what a changed model is put to.

import { judge, type Trial } from '../../check/judge.ts'
import type { Result } from '../../check/result.ts'
import type { Engine } from '../../engine.ts'
import { casesOf } from '../load.ts'
import { groupsFor } from '../subjects.ts'

export interface Point {
  /** `thp/pin-fork[hold=get,child=gone] v4.5` */
  readonly name: string
  run(): Promise<Pick<Result, 'status' | 'found'>>
}

/** Every case of the project under its usual variants in the model. */
export async function points(): Promise<Point[]> {
  const groups = await groupsFor(await casesOf([]), { variant: [], kernel: [], patch: [] }, [])
  return groups.flatMap(({ engine, trials }) =>
    trials.map(trial => ({ name: `${trial.point.name} ${trial.subject.name}`, run: () => verdict(engine, trial) })),
  )
}

async function verdict(engine: Engine, trial: Trial): Promise<Result> {
  for await (const seen of engine.run([trial.point], { detail: false })) return judge(trial, seen)
  throw new Error('the engine gave no observation')
}
