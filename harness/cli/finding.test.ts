import { join } from 'node:path'
import t from 'tap'
import { caseWord, findingLine, parseFinding, splitPoint } from './finding.ts'
import { casesFolder } from './project.ts'

const finding = {
  point: 'mlock/munlock-split[hpage_nr=4,who=a b]',
  variant: 'v3.8+munlock-thp-posted-v2',
  through: '1f3a90bc',
  schedule: 'munlocker 4 · abcdefab 12 · munlocker',
}

t.test('a finding is one line, and the same when it is read again', async t => {
  t.equal(
    findingLine(finding),
    'mlock/munlock-split[hpage_nr=4,who=a b] v3.8+munlock-thp-posted-v2 1f3a90bc munlocker 4 · abcdefab 12 · munlocker',
  )
  t.same(parseFinding(` ${findingLine(finding)}\n`), finding)
})

t.test('what is no finding is refused', async t => {
  for (const text of ['', 'x', 'thp/x v3.8 1f3a90bc', 'thp/x v3.8 a · b', 'thp/x 1f3a90bc a · b']) {
    t.throws(() => parseFinding(text), { message: /is no finding/ }, text)
  }
})

t.test('a case of the project goes by its name, any other by its file', async t => {
  t.equal(caseWord({ name: 'thp/x', file: join(casesFolder, 'thp/x.yaml') }), 'thp/x')
  t.equal(caseWord({ name: 'x', file: 'my/x.yaml' }), 'my/x.yaml')
})

t.test('the values of a point stand behind its case', async t => {
  t.same(splitPoint('thp/x[a=1,b=2]'), { word: 'thp/x', values: '[a=1,b=2]' })
  t.same(splitPoint('a[1]/x.yaml'), { word: 'a[1]/x.yaml', values: '' })
})
