import { z } from 'zod'
import { type Naming, step } from './step.ts'
import { address, pagesAmount } from './words/amount.ts'
import { newName } from './words/names.ts'
import { hugeOf, pages } from './words/range.ts'
import { BadWord, reading } from './words/word.ts'

const given = z.strictObject({
  range: pages('The whole heap, as a brk before has named it; else it begins anew').optional(),
  as: newName('The name of the whole heap as it is then'),
  size: pagesAmount('How large it is to be'),
  at: address('Where it begins; else the engine chooses').optional(),
})

export const brk = step({
  verb: 'brk',
  about: 'brk(2): a heap of this size, or another size for it, by moving its end; it is ENOMEM where the end stays.',
  example: 'brk: {as: heap, size: 4P, at: 16G}',
  args: given.transform(
    reading(({ range, as, size, at }) => {
      if (range !== undefined && range.offset !== 0)
        throw new BadWord('BAD_VALUE', `the heap is named as a whole: ${range.of}`, 'range')
      if (range !== undefined && at !== undefined)
        throw new BadWord('BAD_VALUE', 'it has begun elsewhere: only its end moves', 'at')
      return { range, as, size, at: at ?? -1 }
    }),
  ),
  huge: given => hugeOf(given, 'range'),
  names: ({ range, as, size }) => {
    const heap: Naming = { kind: 'range', name: as, size }
    return [range === undefined ? heap : { ...heap, of: range }]
  },
  words: ({ range, as, size, at }) => [['brk', as, size, at, range?.of ?? '-']],
})
