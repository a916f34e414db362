// No point is ever lost: an engine that breaks costs the point at which it broke.

import t from 'tap'
import type { Case } from '../case/case.ts'
import type { Result } from '../check/result.ts'
import type { Engine, Observation, TestPoint } from '../engine.ts'
import { execute } from './execute.ts'
import { groupOf } from './groups.ts'

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

function caseOf(n: number): Case {
  const point = ({ i }: Readonly<Record<string, string>>): TestPoint => ({
    name: `x[i=${i}]`,
    machine,
    prime: [],
    steps: [],
  })
  const combinations = Array.from({ length: n }, (_, i) => ({ i: String(i) }))
  const wanted = { anomalies: ['clean'], how: 'always', seen: [], pos: { file: 'x.yaml', line: 1, col: 1 } } as const
  return {
    file: 'x.yaml', name: 'x', about: '', see: [], tags: [], variants: undefined, ids: [],
  together: [], combinations,
    pointName: values => point(values).name, point, wanted: () => wanted,
  } // biome-ignore format: what every case has
}

/** An engine that answers each point by `see`, which may throw. */
function engine(see: (point: TestPoint) => Observation | undefined): Engine {
  return {
    kind: 'model',
    subject: { name: 'v4.5', has: () => false },
    async *run(points) {
      for (const point of points) {
        const observation = see(point)
        if (observation === undefined) return
        yield observation
      }
    },
  }
}

const clean = (point: TestPoint): Observation => {
  return { point: point.name, baseline: {}, steps: [], after: [], end: { kind: 'done' }, log: [] }
}

async function statuses(of: Engine, n: number, signal = new AbortController().signal): Promise<string[]> {
  const results: Result[] = []
  for await (const result of execute([groupOf(of, [caseOf(n)])], { detail: false, signal })) results.push(result)
  return results.map(({ point, status, reason }) => `${point} ${status}${reason === undefined ? '' : ` ${reason}`}`)
}

t.test('one result a point, in order', async t => {
  t.same(await statuses(engine(clean), 3), ['x[i=0] pass', 'x[i=1] pass', 'x[i=2] pass'])
})

t.test('an engine that throws is a bug of ours at that point, and the others still run', async t => {
  const broken = engine(point => {
    if (point.name === 'x[i=1]') throw new Error('impossible')
    return clean(point)
  })
  t.same(await statuses(broken, 3), ['x[i=0] pass', 'x[i=1] bug impossible', 'x[i=2] pass'])
})

t.test('an engine that falls silent is one too', async t => {
  const silent = engine(point => (point.name === 'x[i=1]' ? undefined : clean(point)))
  t.same(await statuses(silent, 3), ['x[i=0] pass', 'x[i=1] bug the engine gave no observation', 'x[i=2] pass'])
})

t.test('an interrupted run ends with what is known', async t => {
  const controller = new AbortController()
  const one = engine(point => {
    if (point.name === 'x[i=1]') controller.abort()
    return clean(point)
  })
  t.same(await statuses(one, 3, controller.signal), ['x[i=0] pass', 'x[i=1] pass'])
})
