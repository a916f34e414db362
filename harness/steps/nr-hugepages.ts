import { z } from 'zod'
import { type StepDef, step } from './step.ts'
import { count } from './words/amount.ts'
import { hugeSize } from './words/hugepage.ts'
import { context } from './words/scope.ts'
import { pairs } from './words/word.ts'

/** Sets a file of sysfs for pools: a number for that of the machine's huge pages, or one for each size. */
export function poolStep(verb: string, about: string): StepDef<readonly (readonly [size: number, pages: number])[]> {
  const pages = count('Huge pages', 0, 65536)
  return step({
    verb,
    about,
    example: `${verb}: 4`,
    args: z
      .union([pages, pairs(hugeSize('A size of huge pages: `2M`'), pages, 'Sizes and the number for each')])
      .transform(said => (typeof said === 'number' ? [[context().huge, said] as const] : said)),
    machine: true,
    words: all => all.map(([size, pages]) => [verb, size / 1024, pages]),
  })
}

export const nrHugepages = poolStep(
  'nr-hugepages',
  'Write to nr_hugepages in sysfs: the pool grows, or shrinks as far as its pages are free; what is left is surplus.',
)
