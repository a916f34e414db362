// Results for the tests of reports.

import type { Result } from '../check/result.ts'
import type { Answer, Ending, Step } from '../engine.ts'
import type { Plan } from './reporter.ts'
import { plain } from './reporter.ts'

export const plan: Plan = {
  version: '1.2.3',
  points: 1,
  again: ({ case: { file }, subject }) => `mmfunc run ${file} --variant ${subject}`,
  replay: ({ point, subject }, { schedule }) => `mmfunc replay '${point} ${subject} abc ${schedule}'`,
  verbose: false,
  paint: plain,
}

/** A clean pass of `thp/pin-fork[hold=get]` under v4.5, but for what is said otherwise. */
export function result(more: Partial<Result> = {}, name = 'thp/pin-fork'): Result {
  const wanted = {
    anomalies: ['clean'],
    how: 'always',
    seen: [],
    pos: { file: `cases/${name}.yaml`, line: 14, col: 3 },
  } as const
  const of = { name, file: `cases/${name}.yaml` } as Result['case']
  const unsaid = { unseen: [], steps: [], anomalies: [], against: [], reason: undefined }
  const values = { hold: 'get' }
  const point = `${name}[hold=get]`
  return {
    case: of,
    values,
    point,
    engine: 'model',
    subject: 'v4.5',
    status: 'pass',
    wanted,
    found: 'clean',
    how: 'always',
    observation: undefined,
    explored: undefined,
    ...unsaid,
    ...more,
  }
}

const pos = { file: 'cases/thp/pin-fork.yaml', line: 9, col: 5 }
const text = 'mr.page(0) is frame 0x12 in main, hca has frame 0x11 there'

export const stale = result({
  status: 'fail',
  found: 'stale-dma',
  anomalies: [{ name: 'stale-dma', text, step: 3, pos }],
})

export const skipped = result({ status: 'config', reason: 'no huge pages: # of pages is 0\nat all' })

/** A race with three ends, of which one gives two pages too many back. */
export function raced(more: Partial<Result> = {}): Result {
  const at = (line: number) => ({ file: 'cases/mlock/x.yaml', line, col: 5 })
  const plainStep = { by: 'main', cpu: 0, gives: [], expect: undefined, args: null }
  const split = { ...plainStep, verb: 'split', text: 'split: thp', pos: at(12) }
  const munlock = { ...plainStep, verb: 'munlock', text: 'munlock: A', pos: at(11) }
  const thread = (name: string, cpu: number, step: Step) => ({ name, by: 'main', cpu, steps: [step] })
  const args = { threads: [thread('munlocker', 0, munlock), thread('splitter', 1, split)] }
  const step = { ...plainStep, verb: 'race', args, text: 'race: …', pos: at(10) }
  const drift = { name: 'counter-drift', text: 'Mlocked is 8192, the recount 0', step: 0, pos: at(10) }
  const ending = (schedule: string, mlocked: number, split: Answer): Ending => ({
    schedule,
    through: '1f3a90bc',
    steps: [
      {
        index: 0, answer: ok, counters: { Mlocked: 4096 * mlocked, AnonPages: 16384, nr_mlock: mlocked }, bytes: [],
        ranges: [], frames: [], findings: [], log: [],
      },
    ],
    race: [
      { thread: 'munlocker', step: 0, answer: ok, bytes: [] },
      { thread: 'splitter', step: 0, answer: split, bytes: [] },
    ],
    after: [],
    end: { kind: 'done' },
  }) // biome-ignore format: counters in a row
  const schedule = 'munlocker 4 · splitter 2 · munlocker'
  const numbers = {
    interleavings: '20',
    states: 9,
    transitions: 12,
    complete: true,
    bound: undefined,
  }
  const endings = [
    ending('munlocker · splitter', 0, ok),
    ending('splitter · munlocker', 0, { kind: 'errno', errno: 'EBUSY' }),
    ending(schedule, 2, ok),
  ]
  const baseline = { Mlocked: 0, AnonPages: 0, nr_mlock: 0 }
  const none = { point: 'p', steps: [], after: [], end: { kind: 'done' }, log: [] } as const
  return result(
    {
      status: 'fail',
      found: 'counter-drift',
      how: 'sometimes',
      against: ['1 of 3 ends: counter-drift'],
      anomalies: [drift],
      steps: [step],
      observation: { ...none, baseline, exploration: { ...numbers, endings } },
      explored: {
        ...numbers,
        endings: ['clean', 'clean', 'counter-drift'],
        shown: [{ name: 'counter-drift', endings: 1, schedule, through: '1f3a90bc', anomalies: [drift] }],
      },
      ...more,
    },
    'mlock/x',
  )
}

const ok: Answer = { kind: 'ok' }
