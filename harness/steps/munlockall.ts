import { step } from './step.ts'
import { choice } from './words/word.ts'

export const munlockall = step({
  verb: 'munlockall',
  about: 'munlockall(2) of the process.',
  example: 'munlockall: all',
  args: choice(['all'], 'What: everything that it has mapped, and what it will map'),
  words: () => [['munlockall']],
})
