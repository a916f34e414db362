import t from 'tap'
import type { Machine, Range, Step, TestPoint } from '../engine.ts'
import { resolveVariant } from '../model/history/index.ts'
import { modelEngine, observe } from './model-engine.ts'

const machine: Machine = {
  hpage_nr: 8,
  memory: undefined,
  thp: 'madvise',
  nodes: 1,
  cpus: 1,
  debug_vm: false,
  swap: true,
  swap_area: 0,
  swap_device: 'loop',
  page_cluster: 0,
  hugepage: 8 * 4096,
  pools: [],
}
const pos = { file: 'x.yaml', line: 1, col: 1 }
const H = 8 * 4096

function variant(text: string) {
  const resolved = resolveVariant(text)
  if (!resolved.ok) throw new Error(resolved.reason)
  return resolved.variant
}

function range(of: string, offset = 0, length = H): Range {
  return { of, offset, length, text: of }
}

function step(verb: string, args: unknown, by = 'main'): Step {
  return { verb, args, by, cpu: 0, gives: [], expect: undefined, pos, text: verb }
}

function mmap(as: string, kind: string, fill: number): Step {
  const rest = { prot: 'rw', touch: false, populate: false, align: H, shift: 0, at: -1, huge: H }
  return step('mmap', { as, size: H, kind, fill: { fill }, ...rest })
}

const pinned = [
  mmap('A', 'thp', 1),
  step('pin', { range: range('A'), as: 'hca', hold: 'longterm', access: 'write' }),
  step('fork', 'child'),
  step('exit', 'child'),
  step('write', [{ range: range('A'), bytes: { fill: 2 } }]),
  step('dma-read', [{ range: range('hca'), bytes: [{ fill: 2 }] }]),
]

const point = (steps: Step[], changes: Partial<Machine> = {}, prime: Step[] = []): TestPoint => {
  return { name: 'p', machine: { ...machine, ...changes }, prime, steps }
}

t.test('a pinned huge page is copied before the patch and kept after it', async t => {
  const before = observe(point(pinned), variant('v4.5'), false)
  t.same(
    before.steps.map(s => s.findings.map(f => f.anomaly)),
    [[], [], [], [], ['stale-dma'], []],
  )
  t.same(before.steps[5]!.bytes, [{ range: 'hca', runs: [{ offset: 0, length: H, bytes: { fill: 1 } }] }])
  const after = observe(point(pinned), variant('v4.6'), false)
  t.same(
    after.steps.flatMap(s => s.findings),
    [],
  )
  t.same(after.steps[5]!.bytes, [{ range: 'hca', runs: [{ offset: 0, length: H, bytes: { fill: 2 } }] }])
  t.same(after.after, [])
  t.same(after.end, { kind: 'done' })
})

t.test('an oops ends the point and is charged to its step', async t => {
  const { steps, end } = observe(point(pinned), variant('v4.5+thp-mapcount-posted-v2'), false)
  t.equal(steps.length, 5)
  t.equal(steps[4]!.findings[0]!.anomaly, 'oops')
  t.match(end, { kind: 'oops', step: 4 })
})

t.test('the same point twice gives the same observation', async t => {
  for (const v of ['v4.5', 'v4.6', 'v4.7']) {
    t.same(observe(point(pinned), variant(v), true), observe(point(pinned), variant(v), true), v)
  }
})

t.test('detail tells every range of every process, in runs', async t => {
  const { steps } = observe(point(pinned.slice(0, 3)), variant('v4.5'), true)
  t.same(
    steps[2]!.ranges.map(({ process, runs }) => [process, runs.map(r => [r.mapped, r.length])]),
    [
      ['main', [['pmd', H]]],
      ['child', [['pmd', H]]],
    ],
  )
  t.equal(steps[2]!.ranges[0]!.runs[0]!.pfn, steps[2]!.ranges[1]!.runs[0]!.pfn)
  t.match(steps[2]!.frames, [{ name: 'hca', runs: [{ pages: 8 }], freed: false }])
})

t.test('what is done to prime the machine is undone before counting begins', async t => {
  const prime = [mmap('B', 'thp', 7), step('fork', 'other')]
  const { baseline, steps } = observe(point([mmap('A', 'thp', 1)], {}, prime), variant('v4.5'), false)
  t.equal(baseline.AnonPages, 0)
  t.equal(baseline.thp_fault_alloc, 1)
  t.equal(steps[0]!.counters.AnonPages, H)
})

t.test('an access where nothing is mapped is a signal with its place', async t => {
  const steps = [
    mmap('A', 'base', 1),
    step('munmap', range('A', 4096, 4096)),
    step('read', [{ range: range('A'), bytes: [{ fill: 1 }] }]),
  ]
  const seen = observe(point(steps), variant('v4.5'), false)
  t.same(seen.steps[2]!.answer, { kind: 'signal', signal: 'SIGSEGV', code: 'SEGV_MAPERR', of: 'A', at: 4096 })
})

t.test('a variant that does not build is found so, a machine that is too large cannot judge', async t => {
  const broken = observe(point(pinned, { swap: false }), variant('v4.5+thp-mapcount-posted-v2'), false)
  t.match(broken.after, [{ anomaly: 'does-not-build' }])
  const large = observe(point(pinned, { memory: 2 ** 40 }), variant('v4.5'), false)
  t.match(large.end, { kind: 'config', reason: /64 GiB/ })
})

t.test('transfers through pins compare equal until the frames part', async t => {
  const work = { from: range('a'), to: range('b'), transfers: 50, min: 0, max: 1024, seed: 1 }
  const buffers = [
    mmap('A', 'thp', 0),
    mmap('B', 'thp', 0),
    step('pin', { range: range('A'), as: 'a', hold: 'longterm', access: 'write' }),
    step('pin', { range: range('B'), as: 'b', hold: 'longterm', access: 'write' }),
    step('rdma', work),
    step('fork', 'child'),
    step('rdma', work),
  ]
  const seen = observe(point(buffers), variant('v4.6'), false)
  t.equal(seen.steps[4]!.differ, undefined)
  t.match(seen.steps[6]!.differ, { transfer: 0, length: 16 })
})

t.test('the engine gives observations in the order of the points', async t => {
  const engine = modelEngine(variant('v4.5'))
  const points = [point(pinned), point([mmap('A', 'base', 1)])]
  const lengths: number[] = []
  for await (const { steps } of engine.run(points, { detail: false })) lengths.push(steps.length)
  t.same(lengths, [6, 1])
  t.ok(engine.subject.has('v4.5'))
})
