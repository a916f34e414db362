import { z } from 'zod'
import { hugetlbKinds } from './kinds.ts'
import { hugeOfKind } from './mmap.ts'
import { step } from './step.ts'
import { pagesAmount, shiftAmount } from './words/amount.ts'
import { newName } from './words/names.ts'
import { context } from './words/scope.ts'
import { choice } from './words/word.ts'

const given = z.strictObject({
  as: newName('The name of the file'),
  size: shiftAmount('How large it is made (0): a mapping that may be written makes it as large as it needs').optional(),
  kind: choice(hugetlbKinds, 'Of which huge pages: those of the machine (hugetlb), or of 2M or 1G').optional(),
  max: pagesAmount('Most that its mount may have, which then is its own: size= of hugetlbfs').optional(),
})

export const file = step({
  verb: 'file',
  about: 'Create a file of huge pages in a hugetlbfs, and keep it open.',
  example: 'file: {as: f, size: 2H}',
  args: given.transform(({ as, size = 0, max = -1 }) => ({ as, size, max, page: context().huge })),
  huge: hugeOfKind,
  names: ({ as, size, page }) => [{ kind: 'file', name: as, size, page }],
  words: ({ as, size, max, page }) => [['file', as, page, max], ...(size > 0 ? [['truncate', as, size] as const] : [])],
})
