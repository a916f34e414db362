import t from 'tap'
import type { RaceArgs, Subject } from '../engine.ts'
import { loadText } from './load.ts'
import { known, refuses, steps } from './testing.ts'

const old: Subject = { name: 'v4.5', has: id => id === 'v4.5' }
const new_: Subject = { name: 'v4.6', has: () => true }

/** The point of the first combination, or the problems. */
function pointOf(text: string, subject = old) {
  const { case: one, problems } = loadText('x.yaml', text, known)
  if (one === undefined) throw new Error(problems.map(({ message }) => message).join('\n'))
  return one.point(one.combinations[0]!, subject)
}

const threadsOf = (text: string) => {
  const { args } = pointOf(text).steps.find(({ verb }) => verb === 'race')!
  return (args as RaceArgs).threads
}

t.test('thread i runs on CPU i, and the machine has a CPU for each', async t => {
  const text = steps('- race: {a: [touch: A], b: [{touch: A.page(1)}, drain-lru: all], c: [touch: T]}')
  t.equal(pointOf(text).machine.cpus, 3)
  t.same(
    threadsOf(text).map(({ name, cpu, steps }) => [name, cpu, steps.map(step => [step.verb, step.cpu])]),
    [
      ['a', 0, [['touch', 0]]],
      ['b', 1, [['touch', 1], ['drain-lru', 1]]], // biome-ignore format: one thread a line
      ['c', 2, [['touch', 2]]],
    ],
  )
})

t.test('a thread named after a process runs in it, any other in main; by says otherwise', async t => {
  const text = steps('- fork: child', '- race: {child: [touch: A, {touch: A, by: main}], b: [{touch: A}]}')
  t.same(
    threadsOf(text).map(({ name, by, steps }) => [name, by, steps.map(step => step.by)]),
    [
      ['child', 'child', ['child', 'main']],
      ['b', 'main', ['main']],
    ],
  )
})

t.test('a matrix value may name a thread and stand in its steps', async t => {
  const text = steps('- race: {$k: [touch: A.page($n)], b: [touch: A]}')
  t.same(
    threadsOf(text).map(({ name, steps }) => [name, steps[0]!.text]),
    [
      ['base', 'touch: A.page(1)'],
      ['b', 'touch: A'],
    ],
  )
})

t.test('what a thread has made ends in the thread, last first', async t => {
  const a = 'a: [{mmap: {as: B, size: 1P}}, fork: kid, {touch: A, by: kid}]'
  const b = 'b: [{pin: {range: A, as: hca}}, note: {T: frames}]'
  const text = steps(`- race: {${a}, ${b}}`, '- mmap: {as: B, size: 2P}', '- fork: kid')
  const [race, ...after] = pointOf(text).steps.slice(2)
  t.equal(race!.verb, 'race')
  t.same(
    (race!.args as RaceArgs).threads.map(({ steps }) => steps.filter(({ ends }) => ends).map(step => step.text)),
    [['exit: kid', 'munmap: B'], ['unpin: hca']],
  )
  t.same(
    after.map(step => step.text),
    ['mmap: {as: B, size: 2P}', 'fork: kid'],
  )
})

t.test('what a thread has ended is gone for everyone after the race', async t => {
  const { problems } = loadText(
    'x.yaml',
    steps(
      '- fork: child',
      '- pin: {range: A, as: hca}',
      '- race: {a: [exit: child], b: [unpin: hca]}',
      '- {touch: A, by: child}',
      '- unpin: hca',
    ),
    known,
  )
  t.same(
    problems.map(({ pos, code, message }) => [pos.line, code, message]),
    [
      [9, 'UNKNOWN_NAME', 'process "child" has exited'],
      [10, 'BAD_VALUE', 'the frames "hca" are not pinned'],
    ],
  )
})

t.test('a race with a when happens only then', async t => {
  const text = steps('- {race: {a: [touch: A], b: [{mmap: {as: B, size: 1P}}]}, when: {from: v4.6}}', '- expect: {}')
  const verbs = (subject: Subject) => pointOf(text, subject).steps.map(({ verb }) => verb)
  t.same(verbs(old), ['mmap', 'mmap', 'expect'])
  t.same(verbs(new_), ['mmap', 'mmap', 'race', 'expect'])
})

t.test('beside a race stands what is expected after it', async t => {
  const { expect } = pointOf(steps('- {race: {a: [touch: A], b: [touch: A]}, expect: {AnonPages: +4P}}')).steps[2]!
  t.match(expect, { counters: [{ name: 'AnonPages', value: 4 * 4096, delta: true }] })
})

t.test('seen states values with which counters end: one, several, or all from one to another', async t => {
  const line = '{sometimes: oops, seen: {AnonPages: -1H+1P..+1P, nr_anon_pages: [+0, +$n], AnonHugePages: 0}}'
  const text = steps('- touch: A').replace('verdict: clean', `verdict: [clean, ${line}]`)
  const { case: one } = loadText('x.yaml', `machine: {hpage_nr: 8}\n${text}`, known)
  const seen = one!.combinations.map(values => one!.wanted(values, old).seen.map(({ pos, ...rest }) => rest))
  t.same(seen[0], [
    { name: 'AnonPages', delta: true, ranges: [{ min: -7 * 4096, max: 4096 }], grain: 4096 },
    { name: 'nr_anon_pages', delta: true, ranges: [{ min: 0, max: 0 }, { min: 1, max: 1 }], grain: 1 },
    { name: 'AnonHugePages', delta: false, ranges: [{ min: 0, max: 0 }], grain: 4096 },
  ]) // biome-ignore format: a counter a line
  t.same(seen.at(-1)![1]!.ranges[1], { min: 2, max: 2 })
})

refuses([
  ['a list', steps('- race: [touch: A]'), '6:11 BAD_SHAPE'],
  ['nobody', steps('- race: {}'), '6:11 BAD_VALUE'],
  ['a thread that does nothing', steps('- race: {a: []}'), '6:15 BAD_VALUE'],
  ['a thread that is no list', steps('- race: {a: {touch: A}}'), '6:15 BAD_SHAPE'],
  ['a name that is none', steps('- race: {1a: [touch: A]}'), '6:12 BAD_VALUE'],
  ['a step that is none', steps('- race: {a: [5]}'), '6:16 BAD_SHAPE'],
  ['an unknown verb', steps('- race: {a: [tuch: A]}'), '6:16 UNKNOWN_VERB'],
  ['an unknown range', steps('- race: {a: [touch: X]}'), '6:23 UNKNOWN_NAME'],
  ['counters inside', steps('- race: {a: [{touch: A, expect: {AnonPages: +0}}]}'), '6:27 BAD_VALUE'],
  ['a look inside', steps('- race: {a: [expect: {AnonPages: +0}]}'), '6:16 BAD_VALUE'],
  ['counters after an answer', steps('- race: {a: [{touch: A, gives: {ok: {AnonPages: +0}}}]}'), '6:34 BAD_SHAPE'],
  ['rounds inside', steps('- race: {a: [repeat: {times: 2, steps: [touch: A]}]}'), '6:16 BAD_VALUE'],
  ['a race inside', steps('- race: {a: [race: {b: [touch: A]}]}'), '6:16 BAD_VALUE'],
  ['a when inside', steps('- race: {a: [{touch: A, when: {n: 1}}]}'), '6:27 BAD_VALUE'],
  ['another CPU', steps('- race: {a: [{touch: A, cpu: 0}]}'), '6:27 BAD_VALUE'],
  ['by beside it', steps('- {race: {a: [touch: A]}, by: main}'), '6:29 BAD_VALUE'],
  ['gives beside it', steps('- {race: {a: [touch: A]}, gives: ok}'), '6:29 BAD_VALUE'],
  ['two races', steps('- race: {a: [touch: A]}', '- race: {a: [touch: A]}'), '7:11 BAD_VALUE'],
  ['a race in a round', steps('- repeat: {times: 2, steps: [race: {a: [touch: A]}]}'), '6:38 BAD_VALUE'],
  ['a race in prime', `prime: [race: {a: [drain-lru: all]}]\n${steps('- touch: A')}`, '1:15 BAD_VALUE'],
  [
    'fewer CPUs than threads',
    `machine: {cpus: 1}\n${steps('- race: {a: [touch: A], b: [touch: A]}')}`,
    '7:11 BAD_VALUE',
  ],
  [
    'a name of another thread, before and after it',
    steps('- race: {a: [unpin: p], b: [{pin: {range: A, as: p}}], c: [unpin: p]}'),
    '6:23 UNKNOWN_NAME',
    '6:69 UNKNOWN_NAME',
  ],
  [
    'a name that two threads give',
    steps('- race: {a: [{mmap: {as: B, size: 1P}}], b: [{mmap: {as: B, size: 1P}}]}'),
    '6:60 NAME_TAKEN',
  ],
  [
    'a name of a thread after the race',
    steps('- race: {a: [{mmap: {as: B, size: 1P}}]}', '- touch: B'),
    '7:12 UNKNOWN_NAME',
  ],
  [
    'a process that exits in one thread and acts in another',
    steps('- fork: kid', '- race: {a: [exit: kid], b: [{touch: A, by: kid}]}'),
    '7:28 BAD_VALUE',
  ],
])
