// Races of cases through all their interleavings.

import t from 'tap'
import type { Observation, RaceArgs, RaceThread, Step, TestPoint } from '../engine.ts'
import { resolveVariant } from '../model/history/index.ts'
import { observe } from './model-engine.ts'

const machine = {
  hpage_nr: 4,
  memory: 2 ** 26,
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
const A = { of: 'A', offset: 0, length: 2 * P, text: 'A' }

function step(verb: string, args: unknown): Step {
  return { verb, args, by: 'main', cpu: 0, gives: [], expect: undefined, pos, text: verb }
}

const mapping = { kind: 'base', prot: 'rw', touch: true, populate: false, align: P, shift: 0, at: -1, huge: 4 * P }
const mmap = step('mmap', { as: 'A', size: 2 * P, fill: undefined, ...mapping })
const dontneed = step('madvise', [{ range: A, advice: 'dontneed' }])
const protect = step('mprotect', [{ range: A, prot: 'r' }])

function explored(...threads: readonly (readonly Step[])[]): Observation {
  const args: RaceArgs = {
    threads: threads.map((steps, cpu): RaceThread => ({ name: `t${cpu}`, by: 'main', cpu, steps })),
  }
  const point: TestPoint = { name: 'p', machine, prime: [], steps: [mmap, step('race', args)] }
  const resolved = resolveVariant('v4.5')
  if (!resolved.ok) throw new Error(resolved.reason)
  return observe(point, resolved.variant, false)
}

t.test('the same race twice gives the same ends, states and schedules', async t => {
  const [once, again] = [explored([dontneed], [dontneed]), explored([dontneed], [dontneed])]
  t.equal(once.exploration!.complete, true)
  t.same(once.exploration, again.exploration)
})

t.test('threads that mmap_sem keeps apart are no race, and the point says why', async t => {
  const { end, exploration } = explored([protect], [protect])
  t.equal(exploration, undefined)
  t.same(end, {
    kind: 'config',
    reason:
      'there is no race: t0 and t1 exclude each other by mm_struct.mmap_sem; a race needs what may happen at once',
    step: 1,
  })
})
