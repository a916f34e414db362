import { totalmem } from 'node:os'
import t from 'tap'
import { pointOf, stepOf } from './fake.ts'
import { compile } from './program.ts'

const twoSeconds = { rounds: undefined, seconds: 2 }

const range = (of: string, offset: number, length: number) => ({ of, offset, length, text: of })
const mmap = (size: number) => {
  const args = {
    as: 'mr',
    size,
    kind: 'base',
    prot: 'rw',
    fill: { fill: 90 },
    touch: false,
    populate: false,
    align: 4096,
    shift: 0,
    at: -1,
    huge: 2 ** 21,
  }
  return stepOf('mmap', args)
}
const pin = stepOf('pin', { range: range('mr', 0, 4096), as: 'hca', hold: 'longterm', access: 'write' })
const lines = (point: ReturnType<typeof pointOf>, detail = false) => {
  const compiled = compile(point, 3, detail, twoSeconds)
  return compiled.kind === 'program' ? compiled.lines : compiled
}

t.test('a point becomes a program: one heading a step, its operations below', async t => {
  t.strictSame(lines(pointOf('x', [mmap(4096), pin, stepOf('fork', 'child'), stepOf('drain-lru', 'all')])), [
    'point 3 madvise 1 0',
    'count',
    'step 0 main 0 0',
    'mmap mr 4096 4096 0 -1 rw 0',
    'madvise mr 0 4096 nohugepage',
    'write mr 0 4096 b90',
    'step 1 main 0 0',
    'pin hca mr 0 4096 longterm write',
    'step 2 main 0 0',
    'fork child',
    'step 3 main 0 0',
    'drain-lru',
    'end',
  ])
})

t.test('a race: threads, each with its steps; the point is run again and again', async t => {
  const drain = stepOf('drain-lru', 'all')
  const threads = [
    { name: 'one', by: 'main', cpu: 0, steps: [stepOf('fork', 'child'), drain] },
    { name: 'two', by: 'main', cpu: 1, steps: [drain] },
  ]
  t.strictSame(lines(pointOf('x', [stepOf('race', { threads })], { cpus: 2 })), [
    'point 3 madvise 0 0',
    'rounds 0 2000',
    'count',
    'step 0 main 0 0',
    'race',
    'thread one main 0',
    'do',
    'fork child',
    'do',
    'drain-lru',
    'thread two main 1',
    'do',
    'drain-lru',
    'end',
  ])
})

t.test('pools of huge pages come before the point; gigantic ones want a guest of their own', async t => {
  const [M2, G1] = [2 ** 21, 2 ** 30]
  const of = (pools: readonly unknown[], ...steps: ReturnType<typeof stepOf>[]) => {
    const compiled = compile(pointOf('x', steps, { pools } as object), 3, false, twoSeconds)
    if (compiled.kind === 'config') return compiled.reason
    const { guest, gigantic, lines } = compiled
    return [guest.memory / M2 / 512, guest.gigantic, gigantic, lines.filter(line => line.startsWith('pool'))]
  }
  t.same(of([{ size: M2, pages: 4, overcommit: 2 }]), [0.75, false, 0, ['pool 2048 4 2']])
  t.same(of([{ size: M2, pages: 400, overcommit: 0 }]), [1.75, false, 0, ['pool 2048 400 0']])
  t.equal(of([{ size: G1, pages: 9, overcommit: 0 }]), 'a guest gets no more than 7168 MiB of memory')
  t.equal(of([{ size: 2 ** 16, pages: 9, overcommit: 0 }]), 'x86-64 has huge pages of 2M and of 1G, none of 64K')
  if (totalmem() < 8 * G1) return
  t.same(of([{ size: G1, pages: 2, overcommit: 0 }]), [5, true, 2, ['pool 1048576 2 0']])
  t.same(of([{ size: G1, pages: 1, overcommit: 0 }], stepOf('nr-hugepages', [[G1, 4]])), [
    ...[7, true, 1],
    ['pool 1048576 1 0'],
  ])
})

t.test('what primes the machine comes before counting begins', async t => {
  const point = { ...pointOf('x', [stepOf('drain-lru', 'all')], { thp: 'always' }), prime: [stepOf('fork', 'child')] }
  t.strictSame(lines(point), [
    'point 3 always 0 0',
    'prime',
    'step 0 main 0 0',
    'fork child',
    'count',
    'step 0 main 0 0',
    'drain-lru',
    'end',
  ])
})

t.test('all frames are looked at where a step is judged by them, or for detail', async t => {
  const at = { file: 'x', line: 1, col: 1 }
  const expect = {
    counters: [],
    frames: [],
    freed: [],
    signals: [],
    mapped: [{ range: range('mr', 0, 4096), as: 'pte', pos: at }],
  } as const
  const step = { ...stepOf('drain-lru', 'all'), expect }
  t.ok((lines(pointOf('x', [step])) as string[]).includes('step 0 main 0 1'))
  t.ok((lines(pointOf('x', [stepOf('drain-lru', 'all')]), true) as string[]).includes('step 0 main 0 1'))
})

t.test('a machine that no real kernel gives is config, with the reason', async t => {
  const steps = [stepOf('drain-lru', 'all')]
  const reason = (machine: object, all = steps) => {
    const compiled = compile(pointOf('x', all, machine), 0, false, twoSeconds)
    return compiled.kind === 'config' ? compiled.reason : undefined
  }
  t.match(reason({ hpage_nr: 4 }), /512 base pages, not 4/)
  t.match(reason({ debug_vm: true }), /CONFIG_DEBUG_VM/)
  t.match(reason({ swap: false }), /CONFIG_SWAP/)
  t.match(reason({ memory: 2 ** 35 }), /no more than 3072 MiB/)
  t.match(reason({ memory: 2 ** 21 }), /needs 256 MiB/)
  t.match(reason({}, [{ ...stepOf('drain-lru', 'all'), cpu: 1 }]), /CPU 1, and the machine has 1/)
  t.match(reason({}, [stepOf('fork', 'c'.repeat(64))]), /too long/)
  t.equal(reason({}), undefined)
})

t.test('a guest is as large as what the case maps needs, twice that where it forks', async t => {
  const memory = (...steps: ReturnType<typeof stepOf>[]) => {
    const compiled = compile(pointOf('x', steps), 0, false, twoSeconds)
    return compiled.kind === 'program' ? compiled.guest.memory / 2 ** 20 : compiled.reason
  }
  t.equal(memory(mmap(2 ** 21)), 768)
  t.equal(memory(mmap(2 ** 30)), 1792)
  t.equal(memory(mmap(2 ** 30), stepOf('fork', 'child')), 3072)
  t.match(memory(mmap(2 ** 32)), /no more than/)
})
