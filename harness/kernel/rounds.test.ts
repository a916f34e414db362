import t from 'tap'
import type { Event } from './events.ts'
import { pointOf, stepOf } from './fake.ts'
import { seenOf } from './rounds.ts'
import { BootCounters } from './seen.ts'

const point = pointOf('x', [stepOf('mmap'), stepOf('race'), stepOf('read')])

/** One round: what the thread answered and found, and what became of AnonPages. */
function round(found: string, pages: number, noise: number): Event[] {
  return [
    ['before', { AnonPages: 0, nr_free_pages: noise }],
    ['baseline', {}],
    ['step', 0],
    ['answer', 'ok'],
    ['counters', { AnonPages: 4096 }],
    ['step', 1],
    ['in', 'one', 1],
    ['bytes', 'A', [[0, 4096, found]]],
    ['raced', 'one', 0, 'ok'],
    ['raced', 'one', 1, 'ok'],
    ['answer', 'ok'],
    ['counters', { AnonPages: pages }],
    ['step', 2],
    ['answer', 'ok'],
    ['counters', {}],
    ['after', { AnonPages: 0 }],
  ]
}

function observe(...rounds: Event[][]): ReturnType<ReturnType<typeof seenOf>['observation']> {
  const seen = seenOf(point, new BootCounters(), { rounds: 9, seconds: undefined })
  for (const [i, events] of rounds.entries()) {
    if (i > 0) seen.take(['round'])
    for (const event of events) seen.take(event)
  }
  return seen.observation()
}

t.test('a round that the machine cannot be had for ends the rounds, and those before it stand', async t => {
  const seen = seenOf(point, new BootCounters(), { rounds: 9, seconds: undefined })
  for (const event of round('b1', 4096, 7)) seen.take(event)
  for (const event of [['round'], ['lacks', 'no pages'], ['end']] as const) seen.take(event)
  const { exploration, end } = seen.observation()
  t.same(end, { kind: 'done' })
  t.match(exploration, { states: 1, interleavings: '1', bound: '1 rounds, then no pages' })
})

t.test('a machine that was never had is config', async t => {
  const seen = seenOf(point, new BootCounters(), { rounds: 9, seconds: undefined })
  for (const event of [['before', {}], ['lacks', 'no pages'], ['end']] as const) seen.take(event)
  const { exploration, end } = seen.observation()
  t.same(end, { kind: 'config', reason: 'no pages' })
  t.equal(exploration, undefined)
})

t.test('keeps each distinct end once, whatever else the counters count', async t => {
  const { steps, exploration, end } = observe(round('b1', 4096, 7), round('b1', 4096, 8), round('b2', 0, 9))
  t.same(end, { kind: 'done' })
  t.same(
    steps.map(({ index }) => index),
    [0],
    'before the race',
  )
  t.match(exploration, { states: 3, interleavings: '2', complete: false, bound: '9 rounds' })
  t.same(
    exploration?.endings.map(({ race, steps: after }) => [
      race.map(({ thread, step, bytes }) => [thread, step, bytes.map(({ runs }) => runs[0]?.bytes)]),
      after.map(({ index, counters }) => [index, counters.AnonPages]),
    ]),
    [
      [
        [
          ['one', 0, []],
          ['one', 1, [{ fill: 1 }]],
        ],
        [
          [1, 4096],
          [2, 4096],
        ],
      ],
      [
        [
          ['one', 0, []],
          ['one', 1, [{ fill: 2 }]],
        ],
        [
          [1, 0],
          [2, 0],
        ],
      ],
    ],
  )
})

t.test('a round that the kernel did not survive is an end as well', async t => {
  const { exploration } = observe(round('b1', 4096, 7), [
    ...round('b1', 4096, 7).slice(0, 6),
    ['log', 'kernel BUG at mm/huge_memory.c:1'],
    ['answer', 'ok'],
    ['counters', {}],
  ])
  t.same(
    exploration?.endings.map(({ end }) => end.kind),
    ['done', 'oops'],
  )
})

t.test('what the machine cannot judge is no end', async t => {
  const { exploration, end } = observe([
    ...round('b1', 4096, 7).slice(0, 6),
    ['answer', 'config', 'no such thing'],
    ['counters', {}],
  ])
  t.equal(exploration, undefined)
  t.same(end, { kind: 'config', reason: 'no such thing', step: 1 })
})
