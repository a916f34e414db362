import { step } from './step.ts'
import { filePiece } from './words/range.ts'

export const readahead = step({
  verb: 'readahead',
  about: 'readahead(2) of a file; files of huge pages have nothing to read.',
  example: 'readahead: f(0..1H)',
  args: filePiece('Bytes of a file: `f(0..1H)`'),
  words: ({ of, offset, length }) => [['readahead', of, offset, length]],
})
