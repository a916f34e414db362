import { step } from './step.ts'
import { found } from './words/bytes.ts'
import { pinned } from './words/range.ts'

export const dmaRead = step({
  verb: 'dma-read',
  about: 'The device reads through a pin; other bytes than those named are an anomaly.',
  example: 'dma-read: {hca: 0xa5}',
  args: found(
    pinned('read', 'Pinned frames: `hca`, `hca.page(3)`'),
    'Pinned frames and the bytes that may be found there',
  ),
  machine: true,
  words: all => all.map(({ range: { of, offset, length } }) => ['dma-read', of, offset, length]),
})
