import { z } from 'zod'
import { fileKinds } from './kinds.ts'
import { hugeOfKind } from './mmap.ts'
import { step } from './step.ts'
import { pagesAmount, shiftAmount } from './words/amount.ts'
import { newName } from './words/names.ts'
import { context, PAGE } from './words/scope.ts'
import { BadWord, choice, reading } from './words/word.ts'

const given = z.strictObject({
  as: newName('The name of the file'),
  size: shiftAmount('How large it is made (0): a mapping that may be written makes it as large as it needs').optional(),
  kind: choice(
    fileKinds,
    'Of which pages: huge ones of the machine (hugetlb), or of a size; base pages of tmpfs (shmem)',
  ).optional(),
  max: pagesAmount('Most that its mount may have, which then is its own: size= of hugetlbfs').optional(),
  min: pagesAmount('What its mount, which then is its own, always has reserved: min_size= of hugetlbfs').optional(),
})

function resolve({ as, size = 0, max = -1, min = -1, kind = 'hugetlb' }: z.output<typeof given>) {
  if (kind !== 'shmem') return { as, size, max, min, page: context().huge }
  if (max >= 0) throw new BadWord('BAD_VALUE', 'only a mount of hugetlbfs has a limit', 'max')
  if (min >= 0) throw new BadWord('BAD_VALUE', 'only a mount of hugetlbfs has a minimum', 'min')
  return { as, size, max, min, page: PAGE }
}

export const file = step({
  verb: 'file',
  about:
    'Create a file of huge pages in a hugetlbfs, or of base pages in tmpfs, and keep it open. A mount of its own is there ' +
    'until the case ends: ENOMEM where its minimum cannot be reserved, EINVAL before 7ca02d0ae586.',
  example: 'file: {as: f, size: 2H}',
  args: given.transform(reading(resolve)),
  huge: hugeOfKind,
  names: ({ as, size, page }) => [{ kind: 'file', name: as, size, page }],
  words: ({ as, size, max, min, page }) => [
    ['file', as, page, max, min],
    ...(size > 0 ? [['truncate', as, size] as const] : []),
  ],
})
