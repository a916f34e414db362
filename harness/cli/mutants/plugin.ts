// What we give to Stryker: our test runner, our reporter, and what is not to be changed.

import { declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin'
import { FieldAddress } from './omission.ts'
import { MutantReporter } from './reporter.ts'
import { CaseRunner } from './runner.ts'

export const strykerPlugins = [
  declareClassPlugin(PluginKind.TestRunner, 'cases', CaseRunner),
  declareClassPlugin(PluginKind.Reporter, 'mutants', MutantReporter),
  declareClassPlugin(PluginKind.Ignore, 'field-address', FieldAddress),
]
