import { step } from './step.ts'
import { filePiece } from './words/range.ts'

export const punch = step({
  verb: 'punch',
  about:
    'fallocate(2) with FALLOC_FL_PUNCH_HOLE: every page that lies within the bytes is given back, whoever maps it.',
  example: 'punch: f(1H..2H)',
  args: filePiece('Bytes of a file: `f(1H..2H)`, `f(0..1B)`; `f` is as much of it as it began with'),
  words: ({ of, offset, length }) => [['punch', of, offset, length]],
})
