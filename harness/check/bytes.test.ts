// Wrong bytes and the names that the shadow gives them.

import t from 'tap'
import type { Bytes, BytesSeen, Range, Step, StepSeen } from '../engine.ts'
import { patternByte } from '../model/pattern.ts'
import { judgeBytes } from './bytes.ts'
import { follow } from './follow.ts'
import { Shadow } from './shadow.ts'

const P = 4096
const range = (of: string, offset = 0, length = P): Range => ({ of, offset, length, text: of })
const fill = (value: number): Bytes => ({ fill: value })

function step(verb: string, args: unknown, by = 'main'): Step {
  const pos = { file: 'a.yaml', line: 1, col: 1 }
  return { verb, args, by, cpu: 0, gives: [], expect: undefined, pos, text: verb }
}

const mmap = (as: string, value: number, by?: string) => step('mmap', { as, size: 2 * P, fill: fill(value) }, by)
const write = (of: Range, value: number, by?: string) => step('write', [{ range: of, bytes: fill(value) }], by)
const pin = (of: Range, as: string, by?: string) => step('pin', { range: of, as }, by)
const fork = step('fork', 'child')

/** After these steps a read of `at` that should give `due` finds `found`: what is that called? */
function called(
  steps: readonly Step[],
  verb: 'read' | 'dma-read',
  at: Range,
  due: Bytes[],
  found: BytesSeen['runs'],
  by?: string,
) {
  const shadow = new Shadow()
  for (const one of steps) follow(one, { kind: 'ok' }, shadow)
  const bytes = [{ range: at.of, runs: found }]
  const seen: StepSeen = {
    index: 0,
    answer: { kind: 'ok' },
    counters: {},
    bytes,
    ranges: [],
    frames: [],
    findings: [],
    log: [],
  }
  return [...judgeBytes(step(verb, [{ range: at, bytes: due }], by), seen, shadow)].map(outcome =>
    typeof outcome === 'object' && 'name' in outcome ? outcome.name : outcome,
  )[0]
}

const run = (value: number, offset = 0, length = P) => ({ offset, length, bytes: fill(value) })

t.test('what is as the case says holds, in however many runs it comes', async t => {
  t.equal(called([mmap('A', 1)], 'read', range('A'), [fill(1)], [run(1)]), 'holds')
  t.equal(
    called(
      [mmap('A', 1)],
      'read',
      range('A'),
      [fill(1)],
      [run(1, 0, 10), { offset: 10, length: 2, bytes: { hex: '0101' } }],
    ),
    'holds',
  )
  t.equal(called([mmap('A', 1)], 'read', range('A'), [fill(2), fill(1)], [run(1)]), 'holds', 'either')
})

t.test('a stream goes on from run to run', async t => {
  const hex = [7, 8, 9]
    .map(i =>
      patternByte(3, 100 + i)
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')
  const runs = [
    { offset: 0, length: 7, bytes: { seed: 3, shift: 100 } },
    { offset: 7, length: 3, bytes: { hex } },
    { offset: 10, length: P - 10, bytes: { seed: 3, shift: 110 } },
  ]
  t.equal(called([mmap('A', 1)], 'read', range('A'), [{ seed: 3, shift: 100 }], runs), 'holds')
  t.equal(called([mmap('A', 1)], 'read', range('A'), [{ seed: 3, shift: 101 }], runs), 'wrong-data')
})

t.test('own content that was there before is a lost write', async t => {
  const steps = [mmap('A', 1), write(range('A'), 2)]
  t.equal(called(steps, 'read', range('A'), [fill(2)], [run(1)]), 'lost-write')
  t.equal(called(steps, 'read', range('A'), [fill(2)], [run(0)]), 'lost-write', 'the zeros at its birth')
  t.equal(called(steps, 'read', range('A'), [fill(2)], [run(3)]), 'wrong-data')
  t.equal(called(steps, 'read', range('A'), [fill(2)], [run(2, 0, 100), run(1, 100, P - 100)]), 'lost-write', 'in part')
})

t.test('what another wrote after the two had parted has leaked', async t => {
  const parted = [mmap('A', 1), fork, write(range('A'), 2)]
  t.equal(called(parted, 'read', range('A'), [fill(1)], [run(2)], 'child'), 'leaked-write')
  t.equal(called([...parted, write(range('A'), 3, 'child')], 'read', range('A'), [fill(2)], [run(3)]), 'leaked-write')
  t.equal(
    called([...parted, step('exit', 'child')], 'read', range('A'), [fill(2)], [run(1)]),
    'lost-write',
    'own comes first',
  )
  const apart = [mmap('A', 1), mmap('B', 7), fork]
  t.equal(called(apart, 'read', range('A'), [fill(1)], [run(7)]), 'wrong-data', 'another mapping explains nothing')
})

t.test('a device that reads what its owner has overwritten reads stale bytes', async t => {
  const steps = [mmap('A', 1), pin(range('A', P), 'hca'), fork, write(range('A', 0, 2 * P), 2)]
  t.equal(called(steps, 'dma-read', range('hca'), [fill(2)], [run(1)]), 'stale-dma')
  t.equal(called(steps, 'dma-read', range('hca'), [fill(2)], [run(5)]), 'wrong-data')
})

t.test('a device that reads what another wrote has been leaked to', async t => {
  const steps = [mmap('A', 1), fork, pin(range('A'), 'pipe', 'child'), write(range('A'), 2)]
  t.equal(called(steps, 'dma-read', range('pipe'), [fill(1)], [run(2)]), 'leaked-write')
})

t.test('a process that misses what the device wrote sees stale DMA', async t => {
  const dma = step('dma-write', [{ range: range('hca'), bytes: fill(9) }])
  const steps = [mmap('A', 1), pin(range('A'), 'hca'), dma]
  t.equal(called(steps, 'read', range('A'), [fill(9)], [run(1)]), 'stale-dma')
})

t.test('memory that has moved is remembered under both names', async t => {
  const moved = step('mremap', { range: range('A', P), as: 'B' })
  const steps = [mmap('A', 1), pin(range('A', P), 'hca'), moved, write(range('B'), 2)]
  t.equal(called(steps, 'read', range('B'), [fill(2)], [run(1)]), 'lost-write')
  t.equal(called(steps, 'dma-read', range('hca'), [fill(2)], [run(1)]), 'stale-dma')
  t.equal(
    called([...steps, fork, write(range('A', P), 3, 'child')], 'read', range('B'), [fill(2)], [run(3)]),
    'leaked-write',
  )
})

t.test('a heap is zero, and is remembered under each of its names', async t => {
  const heap = step('brk', { range: undefined, as: 'A', size: 2 * P })
  const grown = step('brk', { range: range('A'), as: 'B', size: 3 * P })
  t.equal(called([heap, write(range('A'), 1)], 'read', range('A'), [fill(1)], [run(0)]), 'lost-write')
  const steps = [heap, write(range('A'), 1), grown, write(range('B'), 2)]
  t.equal(called(steps, 'read', range('B'), [fill(2)], [run(1)]), 'lost-write')
})

t.test('what was given back is zero', async t => {
  const back = step('madvise', [{ range: range('A'), advice: 'dontneed' }])
  t.equal(called([mmap('A', 1), back], 'read', range('A'), [fill(0)], [run(1)]), 'lost-write')
})

t.test('a step that failed wrote nothing', async t => {
  const shadow = new Shadow()
  follow(mmap('A', 1), { kind: 'ok' }, shadow)
  follow(write(range('A'), 2), { kind: 'signal', signal: 'SIGSEGV' }, shadow)
  t.equal(shadow.originOfRead('main', range('A'), { fill: 2 }), 'unknown')
})

const huge = (as: string, shared: boolean, file?: string, by?: string) =>
  step('mmap', { as, size: 2 * P, fill: undefined, hugetlb: { shared, file: file && { name: file, offset: 0 } } }, by)

t.test('what a private mapping of a file wrote must not be seen through another, nor the other way', async t => {
  const steps = [huge('S', true, 'f'), write(range('S'), 1), huge('P', false, 'f'), write(range('P'), 2)]
  t.equal(called(steps, 'read', range('S'), [fill(1)], [{ offset: 0, length: P, bytes: fill(2) }]), 'leaked-write')
  const later = [...steps, write(range('S'), 3)]
  t.equal(called(later, 'read', range('P'), [fill(2)], [{ offset: 0, length: P, bytes: fill(3) }]), 'leaked-write')
  t.equal(called(later, 'read', range('P'), [fill(2)], [{ offset: 0, length: P, bytes: fill(1) }]), 'lost-write')
})

t.test('what is shared is written for all who share it', async t => {
  const old = [{ offset: 0, length: P, bytes: fill(1) }]
  const file = [huge('S', true, 'f'), huge('T', true, 'f'), write(range('S'), 1), write(range('T'), 2)]
  t.equal(called(file, 'read', range('S'), [fill(2)], old), 'lost-write')
  const anonymous = [huge('S', true), fork, write(range('S'), 1), write(range('S'), 2, 'child')]
  t.equal(called(anonymous, 'read', range('S'), [fill(2)], old), 'lost-write')
  const segment = [
    step('shmat', { of: 's', as: 'S', size: 2 * P }),
    step('shmat', { of: 's', as: 'T', size: 2 * P }, 'child'),
    write(range('S'), 1),
    write(range('T'), 2, 'child'),
  ]
  t.equal(called(segment, 'read', range('S'), [fill(2)], old), 'lost-write')
})

t.test('bytes that were cut out of a file are those of before', async t => {
  const old = [{ offset: 0, length: P, bytes: fill(1) }]
  const mapped = [huge('S', true, 'f'), write(range('S'), 1)]
  const gone = [step('truncate', [{ file: 'f', size: 0 }]), step('punch', range('f', 0, P))]
  for (const cut of gone) t.equal(called([...mapped, cut], 'read', range('S'), [fill(0)], old), 'lost-write')
})
