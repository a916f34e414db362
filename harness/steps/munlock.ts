import { step } from './step.ts'
import { pages } from './words/range.ts'

export const munlock = step({
  verb: 'munlock',
  about: 'munlock(2).',
  example: 'munlock: A',
  args: pages(),
  words: ({ of, offset, length }) => [['munlock', of, offset, length]],
})
