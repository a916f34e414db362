// What tests of judging share: hand-made observations and what is made of them.

import type { Case, SeenWanted } from '../case/case.ts'
import type { End, Expect, Observation, Range, Step, StepSeen, TestPoint } from '../engine.ts'
import { judge } from './judge.ts'
import type { Result } from './result.ts'

export const pos = (line: number, col = 5) => ({ file: 'a.yaml', line, col })
export const whole = (of: string, length = 8192): Range => ({ of, offset: 0, length, text: of })

export function step(verb: string, args: unknown, more: Partial<Step> = {}): Step {
  return { verb, args, by: 'main', cpu: 0, gives: [], expect: undefined, pos: pos(1), text: verb, ...more }
}

export function seen(index: number, more: Partial<StepSeen> = {}): StepSeen {
  const nothing = { bytes: [], ranges: [], frames: [], findings: [], log: [] }
  return { index, answer: { kind: 'ok' }, counters: {}, ...nothing, ...more }
}

export const expecting = (more: Partial<Expect>): Expect => ({
  counters: [],
  frames: [],
  mapped: [],
  freed: [],
  signals: [],
  ...more,
})

export interface Given {
  readonly steps: readonly Step[]
  readonly seen: readonly StepSeen[]
  readonly more?: Partial<Observation>
  readonly wanted?: readonly [anomalies: string | readonly string[], how?: 'always' | 'sometimes']
  readonly ends?: readonly SeenWanted[]
  readonly engine?: 'model' | 'qemu'
}

export function judged({
  steps,
  seen,
  more = {},
  wanted: [names, how = 'always'] = ['clean'],
  ends = [],
  engine = 'model',
}: Given): Result {
  const machine = {
    hpage_nr: 512,
    memory: undefined,
    thp: 'always',
    nodes: 1,
    cpus: 1,
    debug_vm: false,
    swap: true,
    swap_area: 0,
    swap_device: 'loop',
    page_cluster: 0,
    hugepage: 2 ** 21,
    pools: [],
  } as const
  const point: TestPoint = { name: 'x', machine, prime: [], steps }
  const anomalies = typeof names === 'string' ? [names] : names
  const wanted = { anomalies, how, seen: ends, pos: pos(9) }
  const of: Case = {
    file: 'a.yaml', name: 'x', about: '', see: [], tags: [], variants: undefined, ids: [],
    together: [], combinations: [{}],
    pointName: () => 'x', point: () => point, wanted: () => wanted,
  } // biome-ignore format: what every case has
  const subject = { name: 'v4.5', has: () => false }
  const observation = { point: 'x', baseline: {}, after: [], end: { kind: 'done' } as End, log: [], ...more }
  return judge({ case: of, values: {}, point, engine, subject }, { ...observation, steps: seen })
}
