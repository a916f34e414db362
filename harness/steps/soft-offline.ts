import { step } from './step.ts'
import { machineFrames } from './words/range.ts'

export const softOffline = step({
  verb: 'soft-offline',
  about:
    'Take frames out of use while their bytes can still be read, one base page after another: what stands in them moves. ' +
    'EIO (EBUSY since v5.11) where one has a pin, EBUSY where one is part of a huge page in use. Of hugetlb the ' +
    'whole huge page moves with the first of its frames, and the others are EBUSY: name one. A real kernel is told ' +
    'by soft_offline_page.',
  example: 'soft-offline: before',
  args: machineFrames('Frames that have a name, or a range: those that it maps in main'),
  machine: true,
  words: frames => [['soft-offline', frames.of, frames.offset, frames.length]],
})
