// Points spread over threads: the same observations in the same order as from one, whatever becomes of the others.

import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import type { Engine, Observation, TestPoint } from '../../engine.ts'
import { resolveVariant } from '../../model/history/index.ts'
import { loadPatch } from '../../model/history/load-patch.ts'
import { modelEngine } from '../model-engine.ts'
import { readyHelpers, SpreadPoints } from './points.ts'

/** Whoever lets go of a process ends the thread that it runs on. */
const deadly = `import { mmput as before, patch } from 'mmfunc/model'
declare const process: { exit(): never }
const after: typeof before = () => process.exit()
export default patch('dies', { subject: 'dies', release: undefined, changes: { mmput: { before, after } } })
`

const machine = {
  hpage_nr: 4,
  memory: 2 ** 26,
  thp: 'always',
  nodes: 1,
  cpus: 1,
  debug_vm: false,
  swap: true,
  swap_area: 0,
  swap_device: 'loop',
  page_cluster: 0,
  hugepage: 4 * 4096,
  pools: [],
} as const

const pointNamed = (name: string): TestPoint => ({ name, machine, prime: [], steps: [] })
const points = (n: number): TestPoint[] => Array.from({ length: n }, (_, i) => pointNamed(`x[i=${i}]`))

function model(text: string): Engine {
  const resolved = resolveVariant(text)
  if (!resolved.ok) throw new Error(resolved.reason)
  return modelEngine(resolved.variant)
}

/** An engine that takes its time for the first point: long enough for helpers to come, or until something happens. */
function slow(engine: Engine, time: number | Promise<void>): Engine {
  return {
    ...engine,
    async *run(asked, how) {
      const wait = () => (typeof time === 'number' ? pause(time, undefined, { signal: how.signal }) : time)
      if (asked[0]!.name === 'x[i=0]') await wait().catch(() => {})
      if (asked[0]!.name === 'wrong') throw new Error('wrong')
      yield* engine.run(asked, { ...how, signal: new AbortController().signal })
    },
  }
}

const how = (jobs: number, more: { signal?: AbortSignal; patches?: string[] } = {}) => ({
  jobs,
  patches: [],
  detail: true,
  exploring: {},
  signal: new AbortController().signal,
  ...more,
})

async function all(engine: Engine, points: readonly TestPoint[], signal?: AbortSignal): Promise<Observation[]> {
  const list: Observation[] = []
  for await (const seen of engine.run(points, { detail: true, ...(signal && { signal }) })) list.push(seen)
  return list
}

t.test('two threads give what one gives, variant by variant', async t => {
  const asked = ['v4.5', 'v3.14'].map(name => ({ engine: slow(model(name), 3000), points: points(40) }))
  const spread = new SpreadPoints(asked, how(2))
  for (const [i, { points }] of asked.entries())
    t.same(await all(spread.engines[i]!, points), await all(model(i === 0 ? 'v4.5' : 'v3.14'), points))
  await spread.close()
})

t.test('a helper that is ready before there is work gives the same', async t => {
  const list = points(40)
  const ready = readyHelpers(1)
  const told = new Promise<void>(resolve => ready[0]!.once('message', () => resolve()))
  const spread = new SpreadPoints([{ engine: slow(model('v4.5'), told), points: list }], { ...how(2), ready })
  t.same(await all(spread.engines[0]!, list), await all(model('v4.5'), list))
  await spread.close()
})

t.test('a point at which the engine breaks is one error; those after it are not lost', async t => {
  const list = [...points(2), pointNamed('wrong'), pointNamed('x[i=3]')]
  const spread = new SpreadPoints([{ engine: slow(model('v4.5'), 0), points: list }], how(1))
  const [engine] = spread.engines
  await t.rejects(all(engine!, list), { message: 'wrong' })
  t.equal((await all(engine!, list.slice(3)))[0]?.point, 'x[i=3]')
  await spread.close()
})

t.test('a helper that dies costs the point that it had taken', async t => {
  process.env.XDG_CACHE_HOME = t.testdir({ 'dies.ts': deadly })
  const patches = [join(process.env.XDG_CACHE_HOME, 'dies.ts')]
  await loadPatch(patches[0]!)
  const died = new Promise<void>(resolve => process.once('worker', helper => helper.once('exit', () => resolve())))
  const v4_5 = slow(model('v4.5'), died)
  const engine = { ...v4_5, subject: { ...v4_5.subject, name: 'v4.5+dies' } }
  const list = points(4)
  const spread = new SpreadPoints([{ engine, points: list }], how(2, { patches }))
  const seen: string[] = []
  while (seen.length < list.length) {
    try {
      for await (const { point } of spread.engines[0]!.run(list.slice(seen.length), { detail: true })) seen.push(point)
    } catch (error) {
      seen.push((error as Error).message)
    }
  }
  await spread.close()
  t.same(seen, ['x[i=0]', 'a worker has died: it ended without a word', 'x[i=2]', 'x[i=3]'])
})

t.test('a signal ends it: what is being done is given, and no more', async t => {
  const controller = new AbortController()
  const list = points(5)
  const spread = new SpreadPoints(
    [{ engine: slow(model('v4.5'), 60_000), points: list }],
    how(2, { signal: controller.signal }),
  )
  setTimeout(() => controller.abort(), 300)
  const [first] = await all(spread.engines[0]!, list)
  t.equal(first?.point, 'x[i=0]')
  await spread.close()
})
