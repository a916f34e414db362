import { readFileSync } from 'node:fs'
import t from 'tap'
import { knowsWord } from '../explore/words.ts'
import { projectPath } from '../kernel/places.ts'
import { reachesWord } from '../kernel/program.ts'
import { verbsOf, wordsOfExample } from './examples.ts'
import { steps } from './index.ts'

const verbs = Object.keys(steps)
const without = (known: ReadonlySet<string>) => verbs.filter(verb => !known.has(verb))

t.test('the example of every verb can be read, and the model has all of them', async t => {
  t.strictSame(without(verbsOf(knowsWord)), [])
  t.strictSame(wordsOfExample(steps.swapin!), [['madvise', 'A', 0, 4 * 2 ** 21, 'willneed']])
})

t.test('what no system call does is no word of real kernels, and the probe has the rest', async t => {
  t.strictSame(without(verbsOf(reachesWord)), [
    'exec-stack',
    'isolate',
    'putback',
    'writeback-done',
    'writeback-fail',
    'fail-alloc',
  ])
  const table = readFileSync(projectPath('harness/kernel/probe/ops.c'), 'utf8')
  const probe = new Set([...table.matchAll(/^\t\{ "([\w-]+)", /gm)].map(([, name]) => name!))
  t.strictSame(without(verbsOf(word => probe.has(word))), without(verbsOf(reachesWord)))
})
