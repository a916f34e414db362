import t from 'tap'
import { raced } from '../report/fixture.ts'
import { findingLine } from './finding.ts'
import { keptLines, parseKept } from './schedules.ts'

t.test('what is kept of a race is read again', async t => {
  const lines = keptLines(raced())
  t.equal(lines.length, 1)
  t.match(lines[0], /\[hold=get\] v4\.5 1f3a90bc munlocker 4 · splitter 2 · munlocker {2}# counter-drift$/)
  const [kept] = parseKept(`\n${lines[0]}\n`)
  t.equal(kept!.shows, 'counter-drift')
  t.equal(`${findingLine(kept!.finding)}  # counter-drift`, lines[0])
})

t.test('a line may say nothing of what it shows', async t => {
  t.same(parseKept('x v4.5 1f3a90bc a 4 · b'), [
    { finding: { point: 'x', variant: 'v4.5', through: '1f3a90bc', schedule: 'a 4 · b' } },
  ])
})

t.test('any other line is refused', async t => {
  t.throws(() => parseKept('nothing'), { message: /is no finding/ })
})
