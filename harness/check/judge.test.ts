// Hand-made observations, and exactly the anomalies that they must give.

import t from 'tap'
import type { Answer, End, Step } from '../engine.ts'
import { expecting, type Given, judged, pos, seen, step, whole } from './testing.ts'

/** One step that must give this one anomaly. */
const names = (given: Given): string[] => judged(given).anomalies.map(({ name }) => name)

t.test('nothing seen amiss is clean, and passes where that is wanted', async t => {
  const result = judged({ steps: [step('touch', {})], seen: [seen(0)] })
  t.match(result, { status: 'pass', found: 'clean', anomalies: [], reason: undefined })
  t.equal(judged({ steps: [], seen: [], wanted: ['stale-dma'] }).status, 'fail', 'an unexpected pass is none')
})

t.test('a race that was not lost is no failure on a real kernel, and one in the model', async t => {
  const wanted = ['counter-drift', 'sometimes'] as const
  t.equal(judged({ steps: [], seen: [], wanted, engine: 'qemu' }).status, 'pass')
  t.equal(judged({ steps: [], seen: [], wanted, engine: 'model' }).status, 'fail')
  t.equal(judged({ steps: [], seen: [], wanted: ['oops'], engine: 'qemu' }).status, 'fail', 'always is always')
})

t.test('answers', async t => {
  const gives = (answer: Step['gives'][number]['answer']) => [{ answer, expect: undefined }]
  const bus = { kind: 'signal', signal: 'SIGBUS' } as const
  const at = { ...whole('A', 4096), text: 'A.page(0)' }
  const rows: readonly (readonly [string, Step['gives'], Answer, string[]])[] = [
    ['ok where nothing is said', [], { kind: 'ok' }, []],
    ['an errno where nothing is said', [], { kind: 'errno', errno: 'EINVAL' }, ['wrong-result']],
    ['the errno', gives({ kind: 'errno', errno: 'EBUSY' }), { kind: 'errno', errno: 'EBUSY' }, []],
    ['another errno', gives({ kind: 'errno', errno: 'EBUSY' }), { kind: 'errno', errno: 'ENOMEM' }, ['wrong-result']],
    ['ok for an errno', gives({ kind: 'errno', errno: 'EBUSY' }), { kind: 'ok' }, ['wrong-result']],
    ['a signal where none is due', [], bus, ['wrong-signal']],
    ['none where one is due', gives(bus), { kind: 'ok' }, ['wrong-signal']],
    ['an errno for a signal', gives(bus), { kind: 'errno', errno: 'EFAULT' }, ['wrong-result']],
    ['the signal', gives(bus), { ...bus, code: 'BUS_ADRERR' }, []],
    ['another code', gives({ ...bus, code: 'BUS_MCEERR_AR' }), { ...bus, code: 'BUS_ADRERR' }, ['wrong-signal']],
    ['a code that is not told', gives({ ...bus, code: 'BUS_MCEERR_AR' }), bus, []],
    ['at the place', gives({ ...bus, at }), { ...bus, of: 'A', at: 4095 }, []],
    ['beside the place', gives({ ...bus, at }), { ...bus, of: 'A', at: 4096 }, ['wrong-signal']],
    ['elsewhere', gives({ ...bus, at }), { ...bus, of: 'B', at: 0 }, ['wrong-signal']],
    ['death for a signal', gives(bus), { kind: 'killed', signal: 'SIGBUS' }, ['wrong-signal']],
    ['death', gives({ kind: 'killed' }), { kind: 'killed', signal: 'SIGKILL' }, []],
  ]
  for (const [title, accepted, answer, found] of rows) {
    t.same(names({ steps: [step('write', [], { gives: accepted })], seen: [seen(0, { answer })] }), found, title)
  }
})

t.test('what must hold after an answer is judged after that answer only', async t => {
  const counters = [{ name: 'free', value: 1, delta: false, pos: pos(4) }]
  const gives = [
    { answer: { kind: 'errno', errno: 'EBUSY' }, expect: expecting({ counters }) },
    { answer: { kind: 'ok' }, expect: undefined },
  ] as const
  const steps = [step('split', [], { gives })]
  t.same(names({ steps, seen: [seen(0, { counters: { free: 2 } })] }), [])
  const busy = seen(0, { counters: { free: 2 }, answer: { kind: 'errno', errno: 'EBUSY' } })
  t.same(names({ steps, seen: [busy] }), ['wrong-count'])
})

t.test('counters: signed is the change since counting began, and what is not shown is not judged', async t => {
  const counters = [
    { name: 'Mlocked', value: 4096, delta: true, pos: pos(2) },
    { name: 'AnonPages', value: 4096, delta: false, pos: pos(3) },
    { name: 'toString', value: 1, delta: false, pos: pos(4) },
  ]
  const steps = [step('expect', {}, { expect: expecting({ counters }) })]
  const baseline = { Mlocked: 8192, AnonPages: 0 }
  const good = { Mlocked: 12288, AnonPages: 4096 }
  const clean = judged({ steps, seen: [seen(0, { counters: good })], more: { baseline } })
  t.same([clean.found, clean.unseen], ['clean', ['toString']])
  const wrong = judged({ steps, seen: [seen(0, { counters: { Mlocked: 8192, AnonPages: 8192 } })], more: { baseline } })
  t.same(
    wrong.anomalies.map(({ text, pos }) => [text, pos?.line]),
    [
      ['Mlocked is +0, the case states +4096', 2],
      ['AnonPages is 8192, the case states 4096', 3],
    ],
  )
})

t.test('a verdict of a counter that this engine does not see is not judged by it', async t => {
  const counters = [{ name: 'Mlocked', value: 0, delta: true, pos: pos(2) }]
  const steps = [step('munlock', {}, { expect: expecting({ counters }) })]
  const of = (anomaly: string, how: 'always' | 'sometimes' = 'always', shown = {}) =>
    judged({ steps, seen: [seen(0, { counters: shown })], wanted: [anomaly, how], more: { baseline: shown } })
  t.match(of('wrong-count'), { status: 'config', reason: 'what the verdict says may show in Mlocked, not seen here' })
  t.equal(of('wrong-count', 'always', { Mlocked: 4096 }).status, 'fail')
  t.equal(of('oops').status, 'fail')
  const more = [...counters, { name: 'AnonPages', value: 0, delta: true, pos: pos(2) }]
  const both = [step('munlock', {}, { expect: expecting({ counters: more }) })]
  const seenOne = { steps: both, seen: [seen(0, { counters: { AnonPages: 0 } })], more: { baseline: { AnonPages: 0 } } }
  t.equal(judged({ ...seenOne, wanted: ['wrong-count'] }).status, 'fail', 'one that is seen is judged by')
})

t.test('truth comes before what the case says, which comes in written order', async t => {
  const expect = expecting({
    counters: [{ name: 'n', value: 1, delta: false, pos: pos(2, 40) }],
    freed: [{ frames: whole('old'), yes: true, pos: pos(2, 20) }],
  })
  const frames = [{ name: 'old', runs: [{ pfn: 1, pages: 2 }], freed: false }]
  const findings = [{ anomaly: 'mapcount-mismatch', text: '1, not 2' }]
  const steps = [step('munmap', {}, { expect })]
  t.same(names({ steps, seen: [seen(0, { counters: { n: 2 }, frames, findings })] }), [
    'mapcount-mismatch',
    'leak',
    'wrong-count',
  ])
})

t.test('frames: a pin makes another frame stale DMA, a note a stale mapping', async t => {
  const pin = step('pin', { range: whole('mr'), as: 'hca' })
  const note = step('note', [{ range: whole('mr'), as: 'old' }])
  const expect = (name: string) =>
    step('expect', {}, { expect: expecting({ frames: [{ range: whole('mr'), frames: whole(name), pos: pos(3) }] }) })
  const frames = (name: string) => [{ name, runs: [{ pfn: 16, pages: 2 }] }]
  const mapped = (...pfns: number[]) => [
    {
      process: 'main',
      range: 'mr',
      runs: pfns.map((pfn, i) => ({ offset: i * 4096, length: 4096, mapped: 'pte' as const, pfn })),
    },
  ]
  const look = (first: Step, name: string, ...pfns: number[]) =>
    judged({
      steps: [first, expect(name)],
      seen: [seen(0, { frames: frames(name) }), seen(1, { ranges: mapped(...pfns) })],
    })
  t.equal(look(pin, 'hca', 16, 17).found, 'clean', 'two runs against one')
  const stale = look(pin, 'hca', 16, 18)
  t.match(stale.anomalies, [
    {
      name: 'stale-dma',
      text: 'mr.page(1) is frame 0x12 in main, hca has frame 0x11 there',
      step: 1,
      pos: { line: 3 },
    },
  ])
  t.equal(look(note, 'old', 17, 18).found, 'stale-mapping')
  t.equal(look(note, 'old').found, 'clean', 'nothing seen, nothing judged')
})

t.test('mapped', async t => {
  const steps = [step('expect', {}, { expect: expecting({ mapped: [{ range: whole('A'), as: 'pte', pos: pos(2) }] }) })]
  const look = (mapped: 'pmd' | 'pte') =>
    judged({
      steps,
      seen: [
        seen(0, { ranges: [{ process: 'main', range: 'A', runs: [{ offset: 0, length: 8192, mapped, pfn: 1 }] }] }),
      ],
    })
  t.equal(look('pte').found, 'clean')
  t.same(
    look('pmd').anomalies.map(({ name, text }) => [name, text]),
    [['wrong-mapping', 'A.page(0) is mapped pmd in main, the case states pte']],
  )
})

t.test('what rdma finds differing is stale DMA', async t => {
  const differ = { transfer: 3, offset: 5, length: 2, sent: '0102', found: '0000' }
  const args = { from: whole('a'), to: whole('b') }
  t.same(names({ steps: [step('rdma', args)], seen: [seen(0, { differ })] }), ['stale-dma'])
})

t.test('ends', async t => {
  const steps = [step('touch', {}), step('write', [])]
  const ended = (end: End, log: string[] = []) => judged({ steps, seen: [seen(0)], more: { end, log } })
  t.match(ended({ kind: 'config', reason: 'no huge pages' }), { status: 'config', reason: 'no huge pages' })
  t.match(ended({ kind: 'hang', reason: 'silent for 60 s', step: 1 }), {
    status: 'no-answer',
    reason: 'hang: silent for 60 s',
  })
  t.match(ended({ kind: 'lost', reason: 'QEMU was killed' }), { status: 'no-answer' })
  const oops = ended({ kind: 'oops', reason: 'NULL pointer dereference', step: 1 })
  t.match(oops, { status: 'fail', found: 'oops', anomalies: [{ step: 1, text: 'NULL pointer dereference' }] })
  t.equal(ended({ kind: 'oops', reason: 'kernel BUG at mm/rmap.c:1206!', step: 1 }).found, 'bug-on')
  t.equal(ended({ kind: 'oops', reason: 'VM_BUG_ON_PAGE(page)', step: 1 }).found, 'bug-on')
  const panic = ended({ kind: 'panic', reason: 'Kernel panic - not syncing', step: 1 }, [
    'kernel BUG at mm/rmap.c:1!',
    'Oops: 0000',
  ])
  t.same(
    panic.anomalies.map(({ name }) => name),
    ['bug-on'],
    'the log says it better, and once',
  )
  const boot = judged({ steps, seen: [], more: { end: { kind: 'panic', reason: 'no init' } } })
  t.equal(boot.status, 'no-answer', 'a kernel that never came to the case was not judged')
})

t.test('the log of a kernel turns a pass into a finding', async t => {
  const line = '[  1.2] WARNING: CPU: 0 PID: 1 at mm/memory.c:1'
  const steps = [step('touch', {})]
  t.same(names({ steps, seen: [seen(0, { log: [line] })], more: { log: [line] } }), ['warning'], 'told once')
  t.same(names({ steps, seen: [seen(0)], more: { log: ['BUG: Bad page state in process a'] } }), ['bad-page'])
})

t.test('what is left after the last process counts too', async t => {
  const after = [{ anomaly: 'leak', text: 'one page' }]
  t.match(judged({ steps: [], seen: [], more: { after } }).anomalies, [
    { name: 'leak', step: undefined, pos: undefined },
  ])
})

t.test('a lack that follows from what went wrong before leaves the verdict to that', async t => {
  const steps = [step('mmap', {}), step('touch', {})]
  const end = { kind: 'config', reason: 'there is no range A', step: 1 } as const
  const wrong = seen(0, { answer: { kind: 'errno', errno: 'ENOMEM' } })
  const { status, found } = judged({ steps, seen: [wrong], more: { end } })
  t.same([status, found], ['fail', 'wrong-result'])
  t.equal(judged({ steps, seen: [seen(0)], more: { end } }).status, 'config')
  const same = { ...end, step: 0 }
  t.equal(judged({ steps, seen: [wrong], more: { end: same } }).status, 'config', 'of the same step nobody knows')
})
