import t from 'tap'
import { compareSchedules, parseSchedule, scheduleText } from './schedule.ts'

const turns = [
  { thread: 'munlocker', steps: 4 },
  { thread: 'split-2', steps: 2 },
  { thread: 'munlocker', steps: undefined },
]

t.test('a schedule says the same when it is read again', async t => {
  t.equal(scheduleText(turns), 'munlocker 4 · split-2 2 · munlocker')
  t.same(parseSchedule(scheduleText(turns)), turns)
})

t.test('a schedule typed by hand needs no dots', async t => {
  t.same(parseSchedule('munlocker 4 split-2 2 munlocker'), turns)
  t.same(parseSchedule(' A·B  3'), [
    { thread: 'A', steps: undefined },
    { thread: 'B', steps: 3 },
  ])
})

t.test('what is no schedule is none', async t => {
  for (const text of ['', ' · ', '4', 'A 4 5', 'A -1', 'A 0', 'A 1.5', '1A', 'A, B', 'A 9999999999999999']) {
    t.equal(parseSchedule(text), undefined, text)
  }
})

t.test('fewer turns come before fewer steps', async t => {
  const sorted = ['A 9 · B', 'A 2 · B 3 · A', 'A 2 · B 4 · A', 'B 2 · A 4 · B', 'A 1 · B 1 · A 1 · B']
  t.same([...sorted].reverse().sort(compareSchedules), sorted)
})
