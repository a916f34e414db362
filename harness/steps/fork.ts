import { step } from './step.ts'
import { newProcess } from './words/names.ts'

export const fork = step({
  verb: 'fork',
  about: 'fork(2); the child sleeps until a step is done `by` it.',
  example: 'fork: child',
  args: newProcess('The name of the child'),
  names: name => [{ kind: 'process', name }],
  words: child => [['fork', child]],
})
