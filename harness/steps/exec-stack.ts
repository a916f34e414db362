import { step } from './step.ts'
import { pages } from './words/range.ts'

export const execStack = step({
  verb: 'exec-stack',
  about:
    'What execve(2) does with the stack on which it has put the arguments (mmap of the kind exec-stack): it moves down to ' +
    'its final place, where the name means it from then on.',
  example: 'exec-stack: A',
  args: pages('A whole range of the kind exec-stack'),
  words: ({ of }) => [['exec-stack', of]],
})
