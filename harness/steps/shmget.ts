import { z } from 'zod'
import { hugetlbKinds } from './kinds.ts'
import { hugeOfKind } from './mmap.ts'
import { step } from './step.ts'
import { pagesAmount } from './words/amount.ts'
import { newName, yesNo } from './words/names.ts'
import { context } from './words/scope.ts'
import { choice } from './words/word.ts'

const given = z.strictObject({
  as: newName('The name of the segment'),
  size: pagesAmount('How much: `2H`'),
  kind: choice(hugetlbKinds, 'Of which huge pages: those of the machine (hugetlb), or of a size').optional(),
  noreserve: yesNo('SHM_NORESERVE (no)').optional(),
})

export const shmget = step({
  verb: 'shmget',
  about: 'shmget(2) of a new segment of huge pages (SHM_HUGETLB), which are reserved at once.',
  example: 'shmget: {as: s, size: 2H}',
  args: given.transform(({ as, size, noreserve = false }) => ({ as, size, noreserve, page: context().huge })),
  huge: hugeOfKind,
  names: ({ as, size, page }) => [{ kind: 'segment', name: as, size, page }],
  words: ({ as, size, noreserve, page }) => [['shmget', as, page, size, noreserve ? 1 : 0]],
})
