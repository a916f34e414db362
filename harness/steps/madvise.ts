import { step } from './step.ts'
import { pages } from './words/range.ts'
import { choice, pairs } from './words/word.ts'

const advice = choice(
  [
    'hugepage',
    'nohugepage',
    'dontneed',
    'free',
    'remove',
    'willneed',
    'dontfork',
    'dofork',
    'hwpoison',
    'soft-offline',
  ],
  'MADV_…, in small letters',
)

export const madvise = step({
  verb: 'madvise',
  about: 'madvise(2) of each range, in the order written.',
  example: 'madvise: {A.upper: dontneed}',
  args: pairs(pages(), advice, 'Ranges and the advice for each').transform(all =>
    all.map(([range, advice]) => ({ range, advice })),
  ),
  words: all => all.map(({ range, advice }) => ['madvise', range.of, range.offset, range.length, advice]),
})
