// The races of one case file in the model, in one process: prints of each point how large it is and how many seconds
// the exploration took, start-up excluded: the first time, with code that is not compiled yet, and again.

import type { Trial } from '../../check/judge.ts'
import type { Engine } from '../../engine.ts'
import { casesOf } from '../load.ts'
import { groupsFor } from '../subjects.ts'

export interface Explored {
  readonly point: string
  readonly interleavings: string
  readonly states: number
  readonly transitions: number
  readonly ends: number
  readonly complete: boolean
  readonly first: number
  readonly again: number
}

/** What took longer is not done twice. */
const SHORT = 5

const [file = '', variant = '', time = '60', only = ''] = process.argv.slice(2)
const groups = await groupsFor(await casesOf([file]), { variant: [variant], kernel: [], patch: [] }, [])
for (const { engine, trials } of groups)
  for (const trial of trials) {
    if (!trial.point.name.endsWith(only)) continue
    const first = await explored(engine, trial)
    const again = first.first < SHORT ? (await explored(engine, trial)).first : first.first
    process.stdout.write(`${JSON.stringify({ ...first, again })}\n`)
  }

async function explored(engine: Engine, { point }: Trial): Promise<Omit<Explored, 'again'>> {
  const start = performance.now()
  for await (const { exploration } of engine.run([point], { detail: false, exploring: { time: Number(time) } })) {
    if (exploration === undefined) throw new Error(`${point.name} has no race`)
    const { interleavings, states, transitions, complete, endings } = exploration
    const first = (performance.now() - start) / 1000
    return { point: point.name, interleavings, states, transitions, ends: endings.length, complete, first }
  }
  throw new Error(`${point.name} gave nothing`)
}
