import { step } from './step.ts'
import { pages } from './words/range.ts'

export const collapse = step({
  verb: 'collapse',
  about:
    'khugepaged comes by: the base pages of each whole huge page of the range become one. EAGAIN where one has a pin, is ' +
    'shared, or waits in a pagevec; EINVAL where no huge page may be. A real kernel is asked by MADV_COLLAPSE, which ' +
    'empties the pagevecs first, does not wait until the memory was used, and says EINVAL of read-only pages.',
  example: 'collapse: A.huge(0)',
  args: pages(),
  words: ({ of, offset, length }) => [['collapse', of, offset, length]],
})
