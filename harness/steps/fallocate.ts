import { step } from './step.ts'
import { filePiece } from './words/range.ts'

export const fallocate = step({
  verb: 'fallocate',
  about: 'fallocate(2): every page that the bytes touch is there, filled with zeros if it was not.',
  example: 'fallocate: f(0..2H)',
  args: filePiece('Bytes of a file: `f(0..2H)`, `f(1B..1H+1B)`; `f` is as much of it as it began with'),
  words: ({ of, offset, length }) => [['fallocate', of, offset, length]],
})
