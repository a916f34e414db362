import { step } from './step.ts'
import { choice } from './words/word.ts'

export const swapoff = step({
  verb: 'swapoff',
  about: "swapoff(2) of the machine's swap area: all that is swapped out comes back. EINVAL where it is off.",
  example: 'swapoff: all',
  args: choice(['all'], 'The one area that the machine has'),
  machine: true,
  words: () => [['swapoff']],
})
