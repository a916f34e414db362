import { step } from './step.ts'
import { filePiece } from './words/range.ts'
import { choice, pairs } from './words/word.ts'

export const fadvise = step({
  verb: 'fadvise',
  about: 'posix_fadvise(2) of bytes of files, in the order written.',
  example: 'fadvise: {f(0..1H): willneed}',
  args: pairs(
    filePiece('Bytes of a file: `f(0..1H)`'),
    choice(['willneed'], 'POSIX_FADV_…, in small letters'),
    'Bytes of files and the advice for each',
  ),
  words: all => all.map(([{ of, offset, length }, advice]) => ['fadvise', of, offset, length, advice]),
})
