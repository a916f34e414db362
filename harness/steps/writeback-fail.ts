import { step } from './step.ts'
import { machineFrames } from './words/range.ts'

export const writebackFail = step({
  verb: 'writeback-fail',
  about:
    'The swap device could not write pages whose pageout is in flight: what they hold is nowhere else. EINVAL where ' +
    'none of them is being written.',
  example: 'writeback-fail: A',
  args: machineFrames('Frames that have a name, or a range: those that stand in the swap cache for it in main'),
  machine: true,
  words: ({ of, offset, length }) => [['writeback-fail', of, offset, length]],
})
