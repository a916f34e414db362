import { z } from 'zod'
import { step } from './step.ts'
import { threadName } from './words/names.ts'
import { pairs } from './words/word.ts'

/** The loader makes RaceArgs of it; an engine that does not run threads does not know the word, and cannot judge. */
export const race = step({
  verb: 'race',
  about: 'Threads at once, each on a CPU of its own; one named after a process runs in it.',
  example: 'race: {writer: [{write: {A: 1}}], drainer: [drain-lru: all]}',
  args: pairs(
    threadName('A thread: one named after a process runs in it, any other in main'),
    z.array(z.unknown()).min(1, 'this thread has no steps').describe('What the thread does'),
    'Threads and the steps of each',
  ),
  words: () => [['race']],
})
