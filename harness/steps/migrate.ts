import { z } from 'zod'
import type { Range } from '../engine.ts'
import { step } from './step.ts'
import { count } from './words/amount.ts'
import { machineFrames } from './words/range.ts'
import { context } from './words/scope.ts'
import { BadWord, reading } from './words/word.ts'

const frames = machineFrames('Frames that have a name, or a range: those that it maps in main')
const node = count('The node where they are to be; else to the other of two', 0, 1)

export const migrate = step<{ readonly frames: Range; readonly to: number | undefined }>({
  verb: 'migrate',
  about:
    'Move pages to other frames, as move_pages(2) does: EBUSY where one is not on the LRU or is a huge page in use, ' +
    'EAGAIN where one has a pin. Of a huge page, which is split first, the first page moves; since 616b8371539a it ' +
    'moves whole. A huge page of hugetlb moves to another of its pool since e632a938d914, before it is EFAULT; ENOMEM ' +
    'where the pool has none that nobody has reserved. A real kernel moves them between two nodes, and leaves those ' +
    'that are where they are to be.',
  example: 'migrate: before',
  args: z.union([frames, z.strictObject({ frames, to: node.optional() })]).transform(reading(resolve)),
  machine: true,
  words: ({ frames, to }) => [['migrate', frames.of, frames.offset, frames.length, to ?? -1]],
})

function resolve(said: Range | { frames: Range; to?: number | undefined }): { frames: Range; to: number | undefined } {
  if ('of' in said) return { frames: said, to: undefined }
  if (said.to !== undefined && said.to >= context().nodes)
    throw new BadWord('OUT_OF_RANGE', `the machine has no node ${said.to}: say machine: {nodes: 2}`, 'to')
  return { frames: said.frames, to: said.to }
}
