// `make mutants`: wrong changes to the model, one after another, and which of them no case notices. `make locks`: only
// locks left out, of mlock and of the split, which a case or the race detector is to notice.

import { fileURLToPath } from 'node:url'
import type { LogLevel } from '@stryker-mutator/api/core'
import { Stryker } from '@stryker-mutator/core'
import { root } from '../project.ts'
import { addOmissions } from './omission.ts'

const kernel = ['harness/model/mm/**/*.ts', 'harness/model/history/*/**/*.ts']
const lockers = [
  'harness/model/mm/{mlock*,rmap_munlock,rmap_walk,huge_memory_page,huge_memory_split,vmscan,swap}.ts',
  'harness/model/history/{mlock,thp-refcount}/**/*.ts',
]
const [only, ...rest] = process.argv.slice(2)
const locks = only === '--locks'
const named = locks ? rest : process.argv.slice(2)

process.chdir(root)
await addOmissions(locks)
const tried = await new Stryker({
  mutate: [...(named.length > 0 ? named : locks ? lockers : kernel), '!**/*.test.ts'],
  // Names of anomalies and patches are words, not what the kernel does.
  mutator: { excludedMutations: ['StringLiteral'], plugins: null },
  ignorers: ['field-address'],
  plugins: [fileURLToPath(new URL('./plugin.js', import.meta.url))],
  testRunner: locks ? 'cases and races' : 'cases',
  coverageAnalysis: 'perTest',
  // Stryker turns the compiler's checks off in what it changes; the rest is built already.
  buildCommand: 'tsc -p tsconfig.json --noCheck',
  checkers: [],
  reporters: [locks ? 'locks' : 'mutants', 'html', ...(process.stdout.isTTY ? ['progress'] : [])],
  htmlReporter: { fileName: `reports/${locks ? 'locks' : 'mutants'}.html` },
  ignorePatterns: ['dist', 'reports', '.tap'],
  tempDirName: 'dist/.mutants',
  // Without a lock a search may have much more to look at. Who loops for ever is found by counting.
  timeoutMS: locks ? 60_000 : 3_000,
  timeoutFactor: 3,
  logLevel: 'warn' as LogLevel,
  allowConsoleColors: false,
  cleanTempDir: 'always',
}).runMutationTest()
if (tried.length === 0) process.exitCode = 2
