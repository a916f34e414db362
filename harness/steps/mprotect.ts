import { step } from './step.ts'
import { pages } from './words/range.ts'
import { choice, pairs } from './words/word.ts'

export const mprotect = step({
  verb: 'mprotect',
  about: 'mprotect(2) of each range, in the order written.',
  example: 'mprotect: {A(0..1P): r}',
  args: pairs(
    pages(),
    choice(['r', 'rw', 'none'], 'What the process may do from now on'),
    'Ranges and what may be done there',
  ).transform(all => all.map(([range, prot]) => ({ range, prot }))),
  words: all => all.map(({ range, prot }) => ['mprotect', range.of, range.offset, range.length, prot]),
})
