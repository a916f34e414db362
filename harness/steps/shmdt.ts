import { step } from './step.ts'
import { pages } from './words/range.ts'

export const shmdt = step({
  verb: 'shmdt',
  about: 'shmdt(2) of an attached segment; the name still means the addresses.',
  example: 'shmdt: A',
  args: pages('What shmat has attached'),
  words: ({ of, offset, length }) => [['shmdt', of, offset, length]],
})
