// What we give to Stryker: our test runner, our reporter, and what is not to be changed.

import { declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin'
import { LockReporter } from './locks.ts'
import { FieldAddress } from './omission.ts'
import { MutantReporter } from './reporter.ts'
import { CaseRunner, RaceRunner } from './runner.ts'

export const strykerPlugins = [
  declareClassPlugin(PluginKind.TestRunner, 'cases', CaseRunner),
  declareClassPlugin(PluginKind.TestRunner, 'cases and races', RaceRunner),
  declareClassPlugin(PluginKind.Reporter, 'mutants', MutantReporter),
  declareClassPlugin(PluginKind.Reporter, 'locks', LockReporter),
  declareClassPlugin(PluginKind.Ignore, 'field-address', FieldAddress),
]
