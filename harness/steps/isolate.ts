import { step } from './step.ts'
import { newName } from './words/names.ts'
import { machineFrames } from './words/range.ts'
import { pairs } from './words/word.ts'

export const isolate = step({
  verb: 'isolate',
  about:
    'Take pages off the LRU, as compaction, hotplug and reclaim do, and keep a reference of each: all of them, or EBUSY ' +
    'and none. A name stands for the pages that its frames were part of when they were named.',
  example: 'isolate: {before: held}',
  args: pairs(
    machineFrames('Frames that have a name, or a range: those that it maps in main'),
    newName('The name under which they are held'),
    'Frames and the name under which they are held',
  ).transform(all => all.map(([frames, as]) => ({ frames, as }))),
  machine: true,
  names: all => all.map(({ frames, as }) => ({ kind: 'frames', name: as, of: frames, isolated: true })),
  words: all => all.map(({ frames, as }) => ['isolate', as, frames.of, frames.offset, frames.length]),
})
