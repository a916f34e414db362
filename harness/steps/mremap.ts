import { z } from 'zod'
import { step } from './step.ts'
import { address, alignAmount, pagesAmount, shiftAmount } from './words/amount.ts'
import { newName } from './words/names.ts'
import { hugeOf, pages } from './words/range.ts'
import { PAGE } from './words/scope.ts'
import { BadWord, reading } from './words/word.ts'

const given = z.strictObject({
  range: pages('What is moved'),
  as: newName('The name of the piece where it is now'),
  size: pagesAmount('Its new size (as it was)').optional(),
  align: alignAmount('Alignment of the new start (1P)').optional(),
  shift: shiftAmount('How far the new start lies behind an aligned address (0)').optional(),
  at: address('The new address; else the engine chooses').optional(),
})

export const mremap = step({
  verb: 'mremap',
  about: 'mremap(2) to another place (MREMAP_FIXED); the old name still means the old addresses.',
  example: 'mremap: {range: A.upper, as: B, align: 1H}',
  args: given.transform(
    reading(({ range, as, size = range.length, align, shift, at = -1 }) => {
      if (at !== -1 && (align !== undefined || shift !== undefined)) {
        throw new BadWord('BAD_VALUE', 'an address is given: align and shift say nothing more', 'at')
      }
      return { range, as, size, align: align ?? PAGE, shift: shift ?? 0, at }
    }),
  ),
  huge: given => hugeOf(given, 'range'),
  names: ({ range, as, size }) => [{ kind: 'range', name: as, size, of: range }],
  words: ({ range, as, size, align, shift, at }) => [
    ['mremap', range.of, range.offset, range.length, as, size, align, shift, at],
  ],
})
