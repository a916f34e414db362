import { step } from './step.ts'
import { found } from './words/bytes.ts'
import { range } from './words/range.ts'

export const odirectWrite = step({
  verb: 'odirect-write',
  about:
    'write(2) to a file that is open with O_DIRECT: a device reads the pages of each range, held for so long; other ' +
    'bytes in the file than those named are an anomaly.',
  example: 'odirect-write: {A: 0x5a}',
  args: found(range(), 'Ranges and the bytes that may be found in the file afterwards'),
  words: all => all.map(({ range: { of, offset, length } }) => ['odirect-write', of, offset, length]),
})
