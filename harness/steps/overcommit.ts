import { z } from 'zod'
import { pages } from './nr-hugepages.ts'
import { step } from './step.ts'
import { hugeSize } from './words/hugepage.ts'
import { context } from './words/scope.ts'
import { pairs } from './words/word.ts'

export const overcommit = step<readonly (readonly [size: number, pages: number])[]>({
  verb: 'overcommit',
  about: 'Write to nr_overcommit_hugepages in sysfs: how many surplus pages there may be.',
  example: 'overcommit: 4',
  args: z
    .union([pages(), pairs(hugeSize('A size of huge pages: `2M`'), pages(), 'Sizes and the number for each')])
    .transform(said => (typeof said === 'number' ? [[context().huge, said] as const] : said)),
  machine: true,
  words: all => all.map(([size, pages]) => ['overcommit', size / 1024, pages]),
})
