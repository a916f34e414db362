// One point under two subjects, as a diff.

import t from 'tap'
import type { Anomaly } from '../check/result.ts'
import type { OpTaken, Step, StepSeen } from '../engine.ts'
import { raced, result } from './fixture.ts'
import { storyLines } from './story.ts'

const pos = { file: 'x.yaml', line: 1, col: 1 }
const step = (text: string): Step => {
  return { verb: text.split(':')[0]!, args: null, by: 'main', cpu: 0, gives: [], expect: undefined, pos, text }
}
const seen = (index: number, pfn: number): StepSeen => ({
  index,
  answer: { kind: 'ok' },
  counters: {},
  bytes: [],
  ranges: [{ process: 'main', range: 'A', runs: [{ offset: 0, length: 4096, mapped: 'pte', pfn }] }],
  frames: [],
  pages: [],
  findings: [],
  log: [],
})

const lines = (...sides: Parameters<typeof storyLines>): string[] =>
  [...storyLines(...sides)].map(({ mark, indent, text }) => `${mark}${'  '.repeat(indent)}${text}`)

function side(texts: readonly string[], pfns: readonly number[], anomalies: readonly Anomaly[] = []) {
  const steps = pfns.map((pfn, i) => seen(i, pfn))
  const observation = { point: 'p', baseline: {}, steps, after: [], end: { kind: 'done' }, log: [] } as const
  return { result: result({ steps: texts.map(step), observation, anomalies }) }
}

t.test('what both do is told once, then what only the one or the other', async t => {
  const stale = { name: 'stale-dma', text: 'hca has\nanother', step: 1, pos }
  const texts = ['mmap: {as: A}', 'write: {A: 2}']
  t.same(lines(side(texts, [10, 20], [stale]), side(texts, [10, 10])), [
    '   mmap: {as: A}',
    '     main A              pte A.page(0)',
    '   write: {A: 2}',
    "-    main A              pte A'.page(0)",
    '-    stale-dma: hca has another',
  ])
})

t.test('steps that only one side has, and how it ended without a verdict', async t => {
  const config = { result: { ...side(['mmap: {as: A}'], [10]).result, status: 'config', reason: 'no swap' } as const }
  t.same(lines(side(['mmap: {as: A}', 'migrate: A'], [10, 10]), config).slice(2), [
    '-  migrate: A',
    '+  config',
    '+    no swap',
  ])
})

t.test('of a race a schedule: where each thread stops for another, and how the pages stand then', async t => {
  const op = (thread: string, text: string, state: string): OpTaken => {
    return {
      thread,
      op: text,
      within: thread === '' ? [] : ['f', 'g'],
      pages: [{ pages: 'A.page(0)', state }],
      counters: {},
    }
  }
  const took = [
    op('', '', 'lru'),
    op('munlocker', 'spin_lock a: 0 -> 1', 'lru'),
    op('munlocker', 'clear_bit b: 1 -> 0', 'x'),
  ]
  const all = [...took, op('splitter', 'spin_lock c', 'y'), op('munlocker', 'spin_unlock a', 'y')]
  t.same(lines({ result: raced(), took: all }), [
    '   race: munlocker [munlock: A], splitter [split: thp]',
    '     for example munlocker 4 · splitter 2 · munlocker',
    '     munlocker 2, to clear_bit b in f < g',
    '       A.page(0)         x',
    '     splitter 1, to its end',
    '       A.page(0)         y',
    '     munlocker 1, to its end',
    '     counter-drift: Mlocked is 8192, the recount 0',
  ])
})
