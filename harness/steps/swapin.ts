import { step } from './step.ts'
import { pages } from './words/range.ts'

export const swapin = step({
  verb: 'swapin',
  about:
    'Read what is swapped out back into the swap cache, as MADV_WILLNEED does; nobody maps it until it is touched.',
  example: 'swapin: A',
  args: pages('The range: `A`, `A.page(0)`'),
  words: ({ of, offset, length }) => [['madvise', of, offset, length, 'willneed']],
})
