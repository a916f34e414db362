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

t.test('pools of huge pages come before the point', async t => {
  const pools = [{ size: 2 ** 21, pages: 4, overcommit: 2 }]
  t.strictSame(lines(pointOf('x', [], { pools })), ['pool 2048 4 2', 'point 3 madvise 0 0', 'count', 'end'])
  const strange = { pools: [{ size: 2 ** 16, pages: 9, overcommit: 0 }] }
  t.match(lines(pointOf('x', [], strange)), { reason: 'x86-64 has huge pages of 2M and of 1G, none of 64K' })
})

t.test('so does the swap area, with what it is on', async t => {
  const area = { swap_area: 8 << 20, swap_device: 'brd', page_cluster: 3 } as const
  t.strictSame(lines(pointOf('x', [], area)), ['swap 8192 brd 3', 'point 3 madvise 0 0', 'count', 'end'])
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
  t.match(reason({}, [{ ...stepOf('drain-lru', 'all'), cpu: 1 }]), /CPU 1, and the machine has 1/)
  t.match(reason({}, [stepOf('fork', 'c'.repeat(64))]), /too long/)
  t.match(reason({}, [stepOf('pageout', [[range('mr', 0, 4096), 'in-flight']])]), /not ours to choose/)
  t.equal(reason({}, [stepOf('pageout', [[range('mr', 0, 4096), 'done']])]), undefined)
  t.equal(reason({}), undefined)
})
