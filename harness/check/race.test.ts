// What is made of the ends of a race, over all the ways in which it may go.

import t from 'tap'
import type { SeenWanted } from '../case/case.ts'
import type { Ending, Exploration, RaceArgs, Step } from '../engine.ts'
import { type Given, judged, pos, seen, step, whole } from './testing.ts'

const P = 4096
const baseline = { Mlocked: 10 * P }
const inner = (thread: string, cpu: number, steps: Step[]) => ({ name: thread, by: 'main', cpu, steps })
const args: RaceArgs = {
  threads: [
    inner('a', 0, [step('read', [{ range: whole('A'), bytes: [{ fill: 1 }, { fill: 2 }] }], { pos: pos(20) })]),
    inner('b', 1, [step('write', [{ range: whole('A'), bytes: { fill: 2 } }], { pos: pos(21) })]),
  ],
}
const steps = [step('mmap', { as: 'A', size: 2 * P, fill: { fill: 1 } }), step('race', args), step('expect', null)]

/** An end that leaves Mlocked changed by so many pages: a drift, unless none. */
function ending(schedule: string, pages: number, more: Partial<Ending> = {}): Ending {
  const drift = { anomaly: 'counter-drift', text: `Mlocked is off by ${pages}` }
  const counters = { Mlocked: (10 + pages) * P }
  return {
    schedule,
    through: 'abc',
    steps: [seen(1, { counters, findings: pages === 0 ? [] : [drift] }), seen(2, { counters })],
    race: [],
    after: [],
    end: { kind: 'done' },
    ...more,
  }
}

const numbers = { interleavings: '20', states: 9, transitions: 10, complete: true, bound: undefined }
const bounded = { complete: false, bound: '5 interleavings' }

function raced(endings: Ending[], given: Partial<Given> = {}, more: Partial<Exploration> = {}) {
  const exploration = { ...numbers, endings, ...more }
  return judged({ steps, seen: [seen(0)], ...given, more: { baseline, exploration } })
}

const clean = ending('a · b', 0)
const short = ending('b 2 · a · b', 3)
const long = ending('a 1 · b 2 · a · b', 1)
const oops = ending('b · a', 0, { end: { kind: 'oops', reason: 'NULL pointer', step: 1 } })
const drift = ['counter-drift', 'sometimes'] as const

t.test('clean on every way is clean', async t => {
  t.match(raced([clean]), { status: 'pass', found: 'clean', how: 'always', anomalies: [], against: [] })
  t.match(raced([clean]).explored, { ...numbers, endings: ['clean'], shown: [] })
})

t.test('one bad way is enough, and the simplest schedule to each first anomaly is shown', async t => {
  const result = raced([clean, long, short, oops])
  t.match(result, { status: 'fail', found: 'oops', how: 'sometimes' })
  t.match(result.explored!.shown, [
    { name: 'oops', endings: 1, schedule: 'b · a' },
    { name: 'counter-drift', endings: 2, schedule: 'b 2 · a · b', anomalies: [{ text: 'Mlocked is off by 3' }] },
  ])
})

t.test('sometimes is some and not all, always is all', async t => {
  t.equal(raced([clean, short], { wanted: drift }).status, 'pass')
  t.match(raced([long, short], { wanted: drift }), { status: 'fail', how: 'always', against: ['no end is clean'] })
  t.match(raced([clean], { wanted: drift }), { status: 'fail', found: 'clean', against: ['no end is counter-drift'] })
  t.equal(raced([long, short], { wanted: ['counter-drift'] }).status, 'pass')
  t.match(raced([clean, short, long], { wanted: ['counter-drift'] }), {
    status: 'fail',
    found: 'counter-drift',
    how: 'sometimes',
    against: ['1 of 3 ends: clean'],
  })
})

t.test('another anomaly beside the wanted one is none that was wanted', async t => {
  t.match(raced([clean, short, oops], { wanted: drift }), {
    status: 'fail',
    found: 'oops',
    against: ['1 of 3 ends: oops'],
  })
})

t.test('sometimes of several is some of each, and some clean', async t => {
  const both = [['counter-drift', 'oops'], 'sometimes'] as const
  t.match(raced([clean, short, oops], { wanted: both }), { status: 'pass', against: [] })
  t.match(raced([clean, short], { wanted: both }), { status: 'fail', against: ['no end is oops'] })
  t.match(raced([short, oops], { wanted: both }), { status: 'fail', against: ['no end is clean'] })
})

t.test('a search that a bound has ended says neither never nor always', async t => {
  const reason = 'bound reached: 5 interleavings'
  t.match(raced([clean], {}, bounded), { status: 'no-answer', reason })
  t.match(raced([clean], { wanted: drift }, bounded), { status: 'no-answer', reason })
  t.match(raced([short], { wanted: drift }, bounded), { status: 'no-answer', reason })
  t.match(raced([short], { wanted: ['counter-drift'] }, bounded), { status: 'no-answer', reason })
  t.match(raced([clean, short], { wanted: drift }, bounded), { status: 'pass', reason: undefined })
  t.match(raced([clean, short], {}, bounded), { status: 'fail', reason: undefined })
  t.match(raced([clean, oops], { wanted: drift }, bounded), { status: 'fail', reason: undefined })
})

const counter = (...ranges: [number, number][]): SeenWanted => ({
  name: 'Mlocked',
  delta: true,
  ranges: ranges.map(([min, max]) => ({ min: min * P, max: max * P })),
  grain: P,
  pos: pos(9),
})

t.test('seen: the model finds every value that is stated, and no other', async t => {
  const ends = (...ranges: [number, number][]) =>
    raced([clean, long, short], { wanted: drift, ends: [counter(...ranges)] })
  t.equal(ends([0, 1], [3, 3]).status, 'pass')
  t.match(ends([0, 3]), {
    status: 'fail',
    against: ['Mlocked never ends with +8192, which the case states'],
  })
  t.match(ends([0, 1]), {
    status: 'fail',
    against: ['Mlocked ends with +12288, which the case does not state'],
  })
  t.match(ends([-2, -1], [0, 1], [3, 3], [5, 5]).against, [
    'Mlocked never ends with -8192..-4096 or +20480, which the case states',
  ])
})

t.test('seen behind a bound: what is missing may come, what is not stated has come', async t => {
  const ends = (...ranges: [number, number][]) =>
    raced([clean, short], { wanted: drift, ends: [counter(...ranges)] }, bounded).status
  t.equal(ends([0, 3]), 'no-answer')
  t.equal(ends([0, 1]), 'fail')
})

t.test('seen on a real kernel: only these, and not all of them', async t => {
  const rounds = { ...numbers, ...bounded, bound: undefined }
  const kernel = (endings: Ending[], how = drift as Given['wanted']) =>
    raced(endings, { wanted: how!, engine: 'qemu', ends: [counter([0, 3])] }, rounds).status
  t.equal(kernel([clean]), 'pass', 'a race that is not lost proves nothing')
  t.equal(kernel([clean, short]), 'pass')
  t.equal(kernel([short]), 'pass')
  t.equal(kernel([ending('', 4)]), 'fail')
  t.equal(kernel([clean], ['counter-drift']), 'fail', 'always is always')
})

t.test('an end before the last step has no end values', async t => {
  const dead = ending('b · a', 7, {
    steps: [seen(1, { counters: { Mlocked: 0 }, findings: short.steps[0]!.findings })],
  })
  t.equal(raced([clean, dead], { wanted: drift, ends: [counter([0, 0])] }).status, 'pass')
})

t.test('the steps of the race are judged by their answers and bytes', async t => {
  const read = (fill: number) => ({ range: 'A', runs: [{ offset: 0, length: 2 * P, bytes: { fill } }] })
  const went = (fill: number, answer: Ending['race'][number]['answer'] = { kind: 'ok' }) =>
    ending('a · b', 0, {
      race: [
        { thread: 'b', step: 0, answer, bytes: [] },
        { thread: 'a', step: 0, answer: { kind: 'ok' }, bytes: [read(fill)] },
      ],
    })
  t.equal(raced([went(1), went(2)]).found, 'clean')
  t.match(raced([went(1), went(3)]).anomalies, [{ name: 'wrong-data', pos: pos(20), step: 1 }])
  t.match(raced([went(1, { kind: 'errno', errno: 'EFAULT' })]).anomalies, [{ name: 'wrong-result', pos: pos(21) }])
})

t.test('a way on which the machine cannot judge leaves the point unjudged, and says which', async t => {
  const config = ending('b · a', 0, { end: { kind: 'config', reason: 'there are no frames held', step: 1 } })
  t.match(raced([clean, config]), { status: 'config', reason: 'there are no frames held (b · a)' })
})

t.test('a point that ended before its race went one way', async t => {
  t.match(raced([]), { found: 'clean', explored: { endings: [] } })
})
