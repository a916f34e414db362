// Results for the tests of reports.

import type { Result } from '../check/result.ts'
import type { Plan } from './reporter.ts'
import { plain } from './reporter.ts'

export const plan: Plan = {
  version: '1.2.3',
  points: 1,
  again: ({ case: { file }, subject }) => `mmfunc run ${file} --variant ${subject}`,
  verbose: false,
  paint: plain,
}

/** A clean pass of `thp/pin-fork[hold=get]` under v4.5, but for what is said otherwise. */
export function result(more: Partial<Result> = {}, name = 'thp/pin-fork'): Result {
  const wanted = {
    anomaly: 'clean',
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
