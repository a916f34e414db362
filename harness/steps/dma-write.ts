import { step } from './step.ts'
import { bytesOperand, written } from './words/bytes.ts'
import { pinned } from './words/range.ts'

export const dmaWrite = step({
  verb: 'dma-write',
  about: 'The device writes through a pin.',
  example: 'dma-write: {hca.page(0): 0xa5}',
  args: written(
    pinned('write', 'Frames pinned for writing: `hca`, `hca.page(3)`'),
    'Pinned frames and the bytes to store there',
  ),
  machine: true,
  words: all => all.map(({ range, bytes }) => ['dma-write', range.of, range.offset, range.length, bytesOperand(bytes)]),
})
