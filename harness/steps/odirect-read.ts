import { step } from './step.ts'
import { bytesOperand, written } from './words/bytes.ts'
import { range } from './words/range.ts'

export const odirectRead = step({
  verb: 'odirect-read',
  about:
    'read(2) of a file that is open with O_DIRECT and holds these bytes: a device writes to the pages of each range, ' +
    'held for so long.',
  example: 'odirect-read: {A: 0x5a}',
  args: written(range(), 'Ranges and the bytes that the file has for each'),
  words: all =>
    all.map(({ range: { of, offset, length }, bytes }) => ['odirect-read', of, offset, length, bytesOperand(bytes)]),
})
