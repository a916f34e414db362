import { step } from './step.ts'
import { isolated } from './words/range.ts'

export const putback = step({
  verb: 'putback',
  about: 'Give isolated pages back to the LRU, with the reference; nothing to do where the isolation gave EBUSY.',
  example: 'putback: held',
  args: isolated('What an isolate has taken'),
  machine: true,
  words: name => [['putback', name]],
})
