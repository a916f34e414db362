// `make mutants`: wrong changes to the model, one after another, and which of them no case notices.

import { fileURLToPath } from 'node:url'
import type { LogLevel } from '@stryker-mutator/api/core'
import { Stryker } from '@stryker-mutator/core'
import { root } from '../project.ts'
import { addOmissions } from './omission.ts'

const kernel = ['harness/model/mm/**/*.ts', 'harness/model/history/*/**/*.ts']
const named = process.argv.slice(2)

process.chdir(root)
await addOmissions()
const tried = await new Stryker({
  mutate: [...(named.length > 0 ? named : kernel), '!**/*.test.ts'],
  // Names of anomalies and patches are words, not what the kernel does.
  mutator: { excludedMutations: ['StringLiteral'], plugins: null },
  ignorers: ['field-address'],
  plugins: [fileURLToPath(new URL('./plugin.js', import.meta.url))],
  testRunner: 'cases',
  coverageAnalysis: 'perTest',
  buildCommand: 'tsc -p tsconfig.json',
  checkers: [],
  reporters: ['mutants', 'html', ...(process.stdout.isTTY ? ['progress'] : [])],
  htmlReporter: { fileName: 'reports/mutants.html' },
  ignorePatterns: ['dist', 'reports', '.tap'],
  tempDirName: 'dist/.mutants',
  timeoutMS: 3_000,
  timeoutFactor: 3,
  logLevel: 'warn' as LogLevel,
  allowConsoleColors: false,
  cleanTempDir: 'always',
}).runMutationTest()
if (tried.length === 0) process.exitCode = 2
