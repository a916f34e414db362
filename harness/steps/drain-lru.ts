import { step } from './step.ts'
import { choice } from './words/word.ts'

export const drainLru = step({
  verb: 'drain-lru',
  about: 'Every CPU puts the pages of its pagevecs on the LRU, as lru_add_drain_all() does, and lets go of them.',
  example: 'drain-lru: all',
  args: choice(['all'], 'Whose pagevecs: those of all CPUs'),
  machine: true,
  words: () => [['drain-lru']],
})
