// A schedule again: the same steps each time, told with what they did.

import t from 'tap'
import type { OpTaken, RaceArgs, Step, TestPoint } from '../engine.ts'
import { resolveVariant } from '../model/history/index.ts'
import { observe, sitesOf } from './model-engine.ts'

const machine = {
  hpage_nr: 4,
  memory: undefined,
  thp: 'madvise',
  nodes: 1,
  cpus: 2,
  debug_vm: false,
  swap: true,
  swap_area: 0,
  swap_device: 'loop',
  page_cluster: 0,
  hugepage: 4 * 4096,
  pools: [],
} as const
const pos = { file: 'x.yaml', line: 1, col: 1 }
const P = 4096
const range = { of: 'A', offset: 0, length: 2 * P, text: 'A' }

function step(verb: string, args: unknown, cpu = 0): Step {
  return { verb, args, by: 'main', cpu, gives: [], expect: undefined, pos, text: verb }
}

const base = { kind: 'base', prot: 'rw', touch: true, populate: false, align: P, shift: 0, at: -1, huge: 4 * P }
const touch = { range, access: 'write', page: P }
const args: RaceArgs = {
  threads: [
    { name: 'a', by: 'main', cpu: 0, steps: [step('touch', touch)] },
    { name: 'b', by: 'main', cpu: 1, steps: [step('madvise', [{ range, advice: 'dontneed' }], 1)] },
  ],
}
const point: TestPoint = {
  name: 'p',
  machine,
  prime: [],
  steps: [step('mmap', { as: 'A', size: 2 * P, fill: undefined, ...base }), step('race', args), step('expect', null)],
}

function v45() {
  const resolved = resolveVariant('v4.5')
  if (!resolved.ok) throw new Error(resolved.reason)
  return resolved.variant
}

function replayed(text: string) {
  const steps: OpTaken[] = []
  const took = (one: OpTaken) => steps.push(one)
  return { seen: observe(point, v45(), false, { schedule: { text, took } }), steps }
}

t.test('the steps are those of the schedule, and how things stood before them comes first', async t => {
  const { seen, steps } = replayed('a 1 · b 3 · a')
  t.same(steps[0]!.thread, '')
  t.same(
    steps.slice(1, 6).map(({ thread }) => thread),
    ['a', 'b', 'b', 'b', 'a'],
  )
  t.match(seen.exploration, { complete: false, bound: 'one schedule', endings: [{ schedule: 'a 1 · b 3 · a' }] })
  t.equal(seen.exploration!.endings.length, 1)
})

t.test('a step tells what it did, within which function, and how the pages are after it', async t => {
  const { steps } = replayed('b · a')
  t.same(steps[0]!.pages, [{ pages: 'A.page(0..1)', state: 'active swapbacked count 2 mapcount 1' }])
  const freed = steps.find(({ op }) => op.startsWith('atomic_add_negative A.page(0)._mapcount'))
  t.match(freed, { thread: 'b', op: 'atomic_add_negative A.page(0)._mapcount: 0 -> -1', within: ['page_remove_rmap'] })
  t.match(freed!.pages[0], { pages: 'A.page(0)', state: /mapcount 0$/ })
  t.notMatch(
    steps.map(({ within }) => within.join(' ')),
    [/exploration|recorder|doWord/],
  )
})

t.test('the same schedule twice gives the same steps and the same end', async t => {
  t.same(replayed('b 5 · a 4 · b'), replayed('b 5 · a 4 · b'))
})

t.test('a schedule of other threads is none', async t => {
  t.match(replayed('c · a').seen.end, { kind: 'config', reason: /no thread of the race is called "c"/ })
})

t.test('the places where another CPU may come in are the ops, in the functions that they stand in', async t => {
  const inRmap = sitesOf(point, v45()).filter(({ within }) => within.includes('page_remove_rmap'))
  const texts = inRmap.map(({ thread, op }) => `${thread}: ${op}`)
  t.ok(texts.includes('b: atomic_add_negative page tail._mapcount'), texts.join('\n'))
  t.notOk(
    texts.some(text => text.startsWith('a:')),
    'who only touches unmaps nothing',
  )
})
