import { step } from './step.ts'
import { machineFrames } from './words/range.ts'

export const split = step({
  verb: 'split',
  about:
    'Split every huge page of the frames into base pages, as writing to debugfs split_huge_pages does; EBUSY where one ' +
    'is pinned. A name stands for the pages that its frames were part of when they were named.',
  example: 'split: A.huge(0)',
  args: machineFrames('Frames that have a name, or a range: those that it maps in main'),
  machine: true,
  words: frames => [['split', frames.of, frames.offset, frames.length]],
})
