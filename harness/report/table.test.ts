import t from 'tap'
import type { Result } from '../check/result.ts'
import { plan, result, skipped, stale } from './fixture.ts'
import { json } from './json.ts'
import type { MakeReporter } from './reporter.ts'
import { table } from './table.ts'
import { Count, exitOf, summaryLine } from './tally.ts'

function lines(make: MakeReporter, results: readonly Result[]): string[] {
  const reporter = make(plan)
  const count = new Count()
  for (const { status } of results) count.add(status)
  return [
    ...reporter.begin(),
    ...results.flatMap(one => [...reporter.result(one)]),
    ...reporter.end(count.tally(false)),
  ]
}

const under = (one: Result, subject: string): Result => ({ ...one, subject })

t.test('a line a case, what differs from its verdict, the matrix, the meaning of the exit status', async t => {
  const cow = result({}, 'cow/plain')
  const results = [result(), stale, cow, under(result(), 'v4.6'), under(skipped, 'v4.6')]
  t.same(lines(table, results), [
    'pass  cow/plain     1 clean',
    'FAIL  thp/pin-fork  1 not as it says, 2 clean, 1 config',
    '        config (1): no huge pages: # of pages is 0 at all',
    '      thp/pin-fork[hold=get] v4.5',
    '        wanted clean, found stale-dma',
    '        stale-dma: mr.page(0) is frame 0x12 in main, hca has frame 0x11 there (cases/thp/pin-fork.yaml:9:5)',
    '        again: mmfunc run cases/thp/pin-fork.yaml --variant v4.5',
    '',
    '     v4.5  v4.6',
    'cow     1     -',
    'thp  1 1F  1 1C',
    'all  2 1F  1 1C',
    '(pass, F fail, C config)',
    '',
    '5 points: 3 pass, 1 fail, 1 config; exit 1: something else than the verdict',
  ])
})

t.test('a matrix of many subjects stays within 80 columns, and loses none', async t => {
  const subjects = Array.from({ length: 20 }, (_, i) => `v4.${i}+6d0a07edd17c`)
  const long = `v4.6-6d0a07edd17c${'+0798d3c022dc'.repeat(8)}`
  const all = lines(
    table,
    [...subjects, long].map(subject => under(result(), subject)),
  )
  t.ok(
    all.every(line => line.length <= 80),
    'no line is longer',
  )
  for (const subject of subjects)
    t.ok(
      all.some(line => line.includes(`${subject}`)),
      subject,
    )
  t.ok(
    all.some(line => /v4\.6-6d0a.*….*0798d3c022dc/.test(line)),
    'a name that is too long keeps both ends',
  )
})

t.test('the exit status is the worst that happened', async t => {
  const none = { pass: 0, fail: 0, config: 0, 'no-answer': 0, bug: 0, interrupted: false }
  t.equal(exitOf({ ...none, pass: 1, config: 1 }), 0)
  t.equal(exitOf({ ...none, pass: 1, fail: 1, 'no-answer': 1 }), 1)
  t.equal(exitOf({ ...none, pass: 1, 'no-answer': 1 }), 3)
  t.equal(exitOf({ ...none, config: 1 }), 4)
  t.equal(exitOf({ ...none, fail: 1, bug: 1 }), 99)
  t.equal(exitOf({ ...none, bug: 1, interrupted: true }), 130)
  t.equal(summaryLine({ ...none, pass: 1 }), '1 point: 1 pass; exit 0: all as the verdicts say')
})

t.test('json is one document with every step, its counters absolute and as change', async t => {
  const pos = { file: 'a.yaml', line: 3, col: 3 }
  const steps = [{ verb: 'touch', args: {}, by: 'main', cpu: 0, gives: [], expect: undefined, pos, text: 'touch: A' }]
  const nothing = { bytes: [], ranges: [], frames: [], findings: [], log: [] }
  const seen = [{ index: 0, answer: { kind: 'ok' } as const, counters: { AnonPages: 8192, New: 1 }, ...nothing }]
  const observation = {
    point: 'x',
    baseline: { AnonPages: 4096 },
    steps: seen,
    after: [],
    end: { kind: 'done' } as const,
    log: [],
  }
  const document = JSON.parse(lines(json, [result({ steps, observation }), stale]).join('\n'))
  t.match(document, {
    mmfunc: '1.2.3',
    points: [
      {
        point: 'thp/pin-fork[hold=get]',
        status: 'pass',
        baseline: { AnonPages: 4096 },
        steps: [{ step: 'touch: A', by: 'main', counters: { AnonPages: 8192, New: 1 }, delta: { AnonPages: 4096 } }],
        end: { kind: 'done' },
      },
      { status: 'fail', found: 'stale-dma' },
    ],
    summary: { pass: 1, fail: 1, exit: 1 },
  })
  t.notHas(document.points[0].steps[0].delta, { New: 1 }, 'no change without a beginning')
})
