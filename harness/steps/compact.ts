import { step } from './step.ts'
import { choice } from './words/word.ts'

export const compact = step({
  verb: 'compact',
  about:
    'Write to /proc/sys/vm/compact_memory: pages move to where the kernel wants them, if they can. In the model ' +
    'each page of the ranges that main has named is tried once. How many did is no matter of a case.',
  example: 'compact: all',
  args: choice(['all'], 'All of memory'),
  machine: true,
  words: () => [['compact']],
})
