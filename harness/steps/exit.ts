import { step } from './step.ts'
import { process } from './words/names.ts'

export const exit = step({
  verb: 'exit',
  about: 'A process exits, and is waited for.',
  example: 'exit: child',
  args: process('The process that exits'),
  actor: process => process,
  names: name => [{ kind: 'end-process', name }],
  words: process => [['exit', process]],
})
