import { step } from './step.ts'
import { bytesOperand, written } from './words/bytes.ts'
import { range } from './words/range.ts'

export const write = step({
  verb: 'write',
  about: 'Store bytes through the page table, range by range.',
  example: 'write: {A.lower: 1, A.upper: seed(7)}',
  args: written(range(), 'Ranges and the bytes to store there'),
  words: all => all.map(({ range, bytes }) => ['write', range.of, range.offset, range.length, bytesOperand(bytes)]),
})
