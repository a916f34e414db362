// What `make mutants` says of each mutant.

import type { schema } from '@stryker-mutator/api/core'
import t from 'tap'
import { linesOf } from './reporter.ts'

const source = 'function f(): void {\n  spin_lock(lock)\n  if (a < b) {\n    g()\n  }\n}\n'

t.test('says the place, what was changed, and which point noticed it', t => {
  const mutants = [
    mutant('Survived', [3, 14, 5, 4], '{}', { coveredBy: ['0', '1'] }),
    mutant('Killed', [3, 7, 3, 12], 'a <= b', { killedBy: ['1'], statusReason: 'fail: clean' }),
    mutant('NoCoverage', [2, 3, 2, 18], ';', {}),
    mutant('Timeout', [3, 7, 3, 12], 'true', {}),
    mutant('Killed', [1, 19, 6, 2], '/*2:3-18 f*/{\n}', { killedBy: ['0'] }),
    mutant('Ignored', [3, 7, 3, 8], 'b', {}),
  ]
  t.same(
    [...linesOf(report(mutants))].map(({ text, noticed }) => ({ text, noticed })),
    [
      { text: 'mm/a.ts:2:3: `spin_lock(lock)` left out: UNNOTICED, no point comes by', noticed: false },
      { text: 'mm/a.ts:2:3: f: `spin_lock(lock)` and its release left out: noticed by thp/one v4.5', noticed: true },
      { text: 'mm/a.ts:3:7: `a < b` -> `a <= b`: noticed by thp/two v4.5 (fail: clean)', noticed: true },
      { text: 'mm/a.ts:3:7: `a < b` -> `true`: noticed: timeout', noticed: true },
      { text: 'mm/a.ts:3:14: `{ g() }` -> `{}`: UNNOTICED by the 2 points that come by', noticed: false },
    ],
  )
  t.end()
})

function mutant(
  status: schema.MutantStatus,
  [line, column, endLine, endColumn]: [number, number, number, number],
  replacement: string,
  more: Partial<schema.MutantResult>,
): schema.MutantResult {
  const location = { start: { line, column }, end: { line: endLine, column: endColumn } }
  return { id: `${status}`, mutatorName: 'any', status, location, replacement, ...more }
}

function report(mutants: schema.MutantResult[]): schema.MutationTestResult {
  return {
    schemaVersion: '2',
    thresholds: { high: 95, low: 60 },
    files: { 'mm/a.ts': { language: 'typescript', source, mutants } },
    testFiles: {
      '': {
        tests: [
          { id: '0', name: 'thp/one v4.5' },
          { id: '1', name: 'thp/two v4.5' },
        ],
      },
    },
  }
}
