import { step } from './step.ts'
import { machineFrames } from './words/range.ts'

export const migrate = step({
  verb: 'migrate',
  about:
    'Move pages to other frames, as move_pages(2) does: EBUSY where one is not on the LRU or is a huge page in use, ' +
    'EAGAIN where one has a pin. Of a huge page, which is split first, the first page moves; since 616b8371539a it ' +
    'moves whole.',
  example: 'migrate: before',
  args: machineFrames('Frames that have a name, or a range: those that it maps in main'),
  machine: true,
  words: frames => [['migrate', frames.of, frames.offset, frames.length]],
})
