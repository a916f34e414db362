// What reports say of a race.

import t from 'tap'
import { parse } from 'yaml'
import { exploreLines } from './explore.ts'
import { plan, raced, result } from './fixture.ts'
import { json } from './json.ts'
import { table } from './table.ts'
import { Count } from './tally.ts'
import { tap } from './tap.ts'

const replay = "mmfunc replay 'mlock/x[hold=get] v4.5 abc munlocker 4 · splitter 2 · munlocker'"
const at = 'cases/mlock/x.yaml:10:5'
const bounded = { complete: false, bound: '5 s' }

t.test('TAP: how much was looked at, the schedule of each kind of bad end, and the command that runs it', async t => {
  const [, ...lines] = tap(plan).result(raced())
  t.same(parse(lines.slice(1, -1).join('\n')), {
    at,
    wanted: 'clean',
    found: 'sometimes counter-drift',
    against: ['1 of 3 ends: counter-drift'],
    explored: '20 interleavings, 9 states, 3 distinct ends; complete',
    races: [
      {
        anomaly: 'counter-drift',
        ends: '1 of 3',
        schedule: 'munlocker 4 · splitter 2 · munlocker',
        says: [`counter-drift: Mlocked is 8192, the recount 0 (${at})`],
        replay,
      },
    ],
    again: 'mmfunc run cases/mlock/x.yaml --variant v4.5',
  })
})

t.test('TAP: a race that goes as its verdict says tells more only if it is asked to', async t => {
  const pass = raced({ status: 'pass', against: [] })
  t.same(
    [...tap(plan).result(pass)],
    ['ok 1 - mlock/x[hold=get] v4.5', '  ---', `  at: ${at}`, '  found: sometimes counter-drift', '  ...'],
  )
  const verbose = [...tap({ ...plan, verbose: true }).result(pass)].join('\n')
  t.match(verbose, '  explored: 20 interleavings, 9 states, 3 distinct ends; complete\n')
  t.match(verbose, `    replay: ${replay}`)
})

t.test('a bound is said, and so are the rounds of a real kernel', async t => {
  const { explored } = raced()
  const open = raced({ status: 'no-answer', reason: 'bound reached: 5 s', explored: { ...explored!, ...bounded } })
  t.match([...tap(plan).result(open)].join('\n'), 'distinct ends; ended by a bound: 5 s')
  const kernel = raced({ engine: 'qemu', explored: { ...explored!, complete: false, shown: [] } })
  t.match([...tap(plan).result(kernel)].join('\n'), 'explored: 9 rounds, 3 distinct ends\n')
})

t.test('table', async t => {
  const reporter = table(plan)
  t.same([...reporter.result(raced())], [])
  const count = new Count()
  count.add('fail')
  t.same([...reporter.end(count.tally(false))].slice(1, 9), [
    '      mlock/x[hold=get] v4.5',
    '        wanted clean, found sometimes counter-drift',
    '        1 of 3 ends: counter-drift',
    '        20 interleavings, 9 states, 3 distinct ends; complete',
    '        munlocker 4 · splitter 2 · munlocker (1 of 3 ends)',
    `          counter-drift: Mlocked is 8192, the recount 0 (${at})`,
    `          replay: ${replay}`,
    '        again: mmfunc run cases/mlock/x.yaml --variant v4.5',
  ])
})

t.test('JSON holds every end with its changes', async t => {
  const point = JSON.parse([...json(plan).result(raced())].join(''))
  t.match(point.explored, { interleavings: '20', complete: true, shown: [{ replay }] })
  t.same(
    point.endings.map((one: { schedule: string; steps: { delta: object }[] }) => [one.schedule, one.steps[0]!.delta]),
    [
      ['munlocker · splitter', { Mlocked: 0, AnonPages: 16384, nr_mlock: 0 }],
      ['splitter · munlocker', { Mlocked: 0, AnonPages: 16384, nr_mlock: 0 }],
      ['munlocker 4 · splitter 2 · munlocker', { Mlocked: 8192, AnonPages: 16384, nr_mlock: 2 }],
    ],
  )
})

t.test('explore tells every end: what differs, and how it is reached', async t => {
  t.same(
    [...exploreLines(raced(), plan)],
    [
      'mlock/x[hold=get] v4.5',
      '  20 interleavings, 9 states, 3 distinct ends; complete',
      '  fail: wanted clean, found sometimes counter-drift',
      '  1 of 3 ends: counter-drift',
      '  every end: AnonPages +4P',
      '  clean: munlocker · splitter',
      '    Mlocked +0, nr_mlock +0, splitter: split ok',
      '  clean: splitter · munlocker',
      '    Mlocked +0, nr_mlock +0, splitter: split EBUSY',
      '  counter-drift: munlocker 4 · splitter 2 · munlocker',
      '    Mlocked +2P, nr_mlock +2, splitter: split ok',
      '  counter-drift at 1 of 3 ends, for example',
      `    counter-drift: Mlocked is 8192, the recount 0 (${at})`,
      `    ${replay}`,
    ],
  )
  t.same(
    [...exploreLines(result({ found: 'clean' }), plan)],
    ['thp/pin-fork[hold=get] v4.5', '  it ended before its race: clean'],
  )
})
