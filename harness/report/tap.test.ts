import t from 'tap'
import { Parser } from 'tap-parser'
import type { Result } from '../check/result.ts'
import { plan, result, skipped, stale } from './fixture.ts'
import { Count } from './tally.ts'
import { tap } from './tap.ts'

/** What a consumer makes of these results. */
function consumed(results: readonly Result[], interrupted = false) {
  const { text } = produced(results, interrupted)
  const parser = new Parser()
  const points: { ok: boolean; name: string; id: number; skip: unknown; diag: Record<string, unknown> | null }[] = []
  const extra: string[] = []
  parser.on('assert', one => points.push({ ...one, skip: one.skip, diag: one.diag }))
  parser.on('extra', line => extra.push(line))
  parser.end(text)
  return { points, extra, parser, text }
}

function produced(results: readonly Result[], interrupted: boolean) {
  const reporter = tap({ ...plan, points: interrupted ? results.length + 1 : results.length })
  const count = new Count()
  for (const { status } of results) count.add(status)
  const lines = [
    ...reporter.begin(),
    ...results.flatMap(one => [...reporter.result(one)]),
    ...reporter.end(count.tally(interrupted)),
  ]
  return { text: `${lines.join('\n')}\n` }
}

t.test('a consumer of TAP 14 understands every line', async t => {
  const { points, extra, parser, text } = consumed([result(), stale, skipped])
  t.match(text, /^TAP version 14\n1\.\.3\n/)
  t.same(extra, [])
  t.match(parser.results, { ok: false, count: 3, pass: 2, fail: 1, skip: 1, plan: { start: 1, end: 3 } })
  t.same(
    points.map(({ ok, name }) => [ok, name]),
    [
      [true, 'thp/pin-fork[hold=get] v4.5'],
      [false, 'thp/pin-fork[hold=get] v4.5 (2)'],
      [true, 'thp/pin-fork[hold=get] v4.5 (3)'],
    ],
  )
})

t.test('a failure says where, what was wanted, what was found, and how to see it again', async t => {
  t.same(consumed([stale]).points[0]?.diag, {
    at: 'cases/thp/pin-fork.yaml:9:5',
    wanted: 'clean',
    found: 'stale-dma',
    anomalies: ['stale-dma: mr.page(0) is frame 0x12 in main, hca has frame 0x11 there (cases/thp/pin-fork.yaml:9:5)'],
    again: 'mmfunc run cases/thp/pin-fork.yaml --variant v4.5',
  })
})

t.test('an unexpected pass points at the verdict', async t => {
  const { wanted } = result()
  const one = result({ status: 'fail', wanted: { ...wanted, anomalies: ['oops'] } })
  t.match(consumed([one]).points[0]?.diag, {
    at: 'cases/thp/pin-fork.yaml:14:3',
    wanted: 'always oops',
    found: 'clean',
  })
})

t.test('config is a skip with its reason on one line, # and all', async t => {
  const { points, text } = consumed([skipped])
  t.equal(points[0]?.skip, 'no huge pages: # of pages is 0 at all')
  t.match(text, /# SKIP no huge pages: \\# of pages is 0 at all\n/)
})

t.test('a name with # in it is no directive', async t => {
  const { points } = consumed([result({ point: 'thp/x[a=#TODO]' })])
  t.match(points[0], { ok: true, name: 'thp/x[a=#TODO] v4.5', skip: false })
})

t.test('no answer and a bug of ours are not ok, with the reason', async t => {
  const { points } = consumed([
    result({ status: 'no-answer', reason: 'hang: silent' }),
    result({ status: 'bug', reason: 'x' }),
  ])
  t.match(points, [
    { ok: false, diag: { found: 'no-answer', reason: 'hang: silent' } },
    { ok: false, diag: { found: 'bug', reason: 'x' } },
  ])
})

t.test('a pass with the wanted anomaly says so', async t => {
  const known = result({ ...stale, status: 'pass' })
  t.same(consumed([known]).points[0]?.diag, { at: 'cases/thp/pin-fork.yaml:9:5', found: 'stale-dma' })
})

t.test('an interrupted run bails out', async t => {
  const { parser } = consumed([result()], true)
  t.equal(parser.results?.bailout, 'interrupted')
})

t.test('whatever a reason holds, the YAML stays YAML', async t => {
  const reason = 'a: b\n  - "c\' \u0007 ...\n---\nnot ok 9'
  const { points, extra } = consumed([result({ status: 'no-answer', reason })])
  t.equal(points[0]?.diag?.reason, reason)
  t.same([points.length, extra], [1, []])
})
