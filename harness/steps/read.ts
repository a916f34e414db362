import { step } from './step.ts'
import { found } from './words/bytes.ts'
import { range } from './words/range.ts'

export const read = step({
  verb: 'read',
  about: 'Load bytes through the page table, range by range; other bytes than those named are an anomaly.',
  example: 'read: {A: 0x5a, B: [1, 2]}',
  args: found(range(), 'Ranges and the bytes that may be found there'),
  words: all => all.map(({ range: { of, offset, length } }) => ['read', of, offset, length]),
})
