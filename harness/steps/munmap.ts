import { step } from './step.ts'
import { pages } from './words/range.ts'

export const munmap = step({
  verb: 'munmap',
  about: 'munmap(2); the name still means the addresses.',
  example: 'munmap: A.upper',
  args: pages(),
  words: ({ of, offset, length }) => [['munmap', of, offset, length]],
})
