import { step } from './step.ts'
import { newName } from './words/names.ts'
import { pages } from './words/range.ts'
import { pairs } from './words/word.ts'

export const note = step({
  verb: 'note',
  about: 'Name the frames that ranges map now; takes no reference.',
  example: 'note: {A.upper: before}',
  args: pairs(pages(), newName('The name of the frames'), 'Ranges and the name of the frames behind each').transform(
    all => all.map(([range, as]) => ({ range, as })),
  ),
  names: all => all.map(({ range, as }) => ({ kind: 'frames', name: as, of: range })),
  words: all => all.map(({ range, as }) => ['note', as, range.of, range.offset, range.length]),
})
