import { step } from './step.ts'
import { machineFrames } from './words/range.ts'

export const unpoison = step({
  verb: 'unpoison',
  about:
    'Take back a poison: the frames are given back. Nothing happens to frames that somebody holds. A real kernel is told ' +
    "by hwpoison-inject's unpoison-pfn, if it has that.",
  example: 'unpoison: before',
  args: machineFrames('Frames that have a name, or a range: those that it maps in main'),
  machine: true,
  words: frames => [['unpoison', frames.of, frames.offset, frames.length]],
})
