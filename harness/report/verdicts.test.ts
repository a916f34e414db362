// Tables of verdicts.

import t from 'tap'
import { raced, result } from './fixture.ts'
import { cellText, joined, legend, numbered, type Row, tableLines } from './verdicts.ts'

const row = (values: Record<string, string>, ...cells: string[]): Row => ({ case: 'thp/x', top: '', values, cells })
const four = [
  row({ kind: 'a', by: 'm' }, 'clean'),
  row({ kind: 'a', by: 'c' }, 'clean'),
  row({ kind: 'b', by: 'm' }, 'oops'),
  row({ kind: 'b', by: 'c' }, 'clean'),
]

t.test('a cell says what was found, and whether always', async t => {
  t.equal(cellText(result()), 'clean')
  t.equal(cellText(result({ found: 'oops', status: 'fail' })), 'oops')
  t.equal(cellText(raced()), 'counter-drift*')
  t.equal(cellText(result({ status: 'config' })), '?')
  t.equal(cellText(result({ status: 'no-answer' })), 'no-answer')
  t.equal(legend(['clean', 'oops*', '?']), '* now so, now otherwise, ? not judged')
})

t.test('points of which the same is said are one row, by what they have in common', async t => {
  const names = (rows: readonly Row[]) => joined(rows, four).map(({ name }) => name)
  t.same(names(four), ['thp/x[kind=a,by=m]', 'thp/x[kind=a,by=c]', 'thp/x[kind=b,by=c]', 'thp/x[kind=b,by=m]'].sort())
  t.same(names(four.slice(0, 2)), ['thp/x[kind=a]'])
  t.same(names([four[1]!, four[3]!]), ['thp/x[by=c]'])
  t.same(names(four.map(one => ({ ...one, cells: ['clean'] }))), ['thp/x'])
})

t.test('a variant that adds to an earlier one says so', async t => {
  t.same(numbered(['v4.5', 'v4.5+a', 'v4.5+a+b', 'v4.6']), ['1 v4.5', '2 (1)+a', '3 (2)+b', '4 v4.6'])
})

t.test('words, initials where words do not fit, two lines where these do not', async t => {
  const rows = [
    { name: 'thp/x', cells: ['clean', 'leaked-write*'] },
    { name: 'thp/y', cells: ['lost-write', 'leaked-write'] },
  ]
  const lines = (width: number) => [...tableLines(['1', '2'], rows, width)]
  t.same(lines(80), [
    '         1           2',
    '  thp/x  clean       leaked-write*',
    '  thp/y  lost-write  leaked-write',
  ])
  t.same(lines(24), [
    '         1    2',
    '  thp/x  .    LW*',
    '  thp/y  LoW  LW',
    '  (. clean, LW',
    '   leaked-write, LoW',
    '   lost-write)',
  ])
  t.same(lines(12).slice(0, 2), ['  thp/x', '      1 .  2'])
})
