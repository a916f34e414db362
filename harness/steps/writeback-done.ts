import { step } from './step.ts'
import { machineFrames } from './words/range.ts'

export const writebackDone = step({
  verb: 'writeback-done',
  about: 'The swap device has written pages whose pageout is in flight; EINVAL where none of them is being written.',
  example: 'writeback-done: A',
  args: machineFrames('Frames that have a name, or a range: those that stand in the swap cache for it in main'),
  machine: true,
  words: ({ of, offset, length }) => [['writeback-done', of, offset, length]],
})
