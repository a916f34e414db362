import { z } from 'zod'
import { type StepDef, step } from './step.ts'
import { count } from './words/amount.ts'
import { checkNode, poolName } from './words/hugepage.ts'
import { context } from './words/scope.ts'
import { pairs, reading } from './words/word.ts'

interface Size {
  readonly size: number
  readonly node: number | undefined
  readonly pages: number
}

export const nrHugepages: StepDef<readonly Size[]> = step({
  verb: 'nr-hugepages',
  about:
    'Write to nr_hugepages in sysfs: the pool grows, or shrinks as far as its pages are free; what is left is surplus. ' +
    'Of all nodes in turn, or of one.',
  example: 'nr-hugepages: 4',
  args: z
    .union([
      pages(),
      pairs(poolName('A size of huge pages, a node or both: `2M@node1`'), pages(), 'Pools and the number for each'),
    ])
    .transform(
      reading(said => {
        const { huge, nodes } = context()
        if (typeof said === 'number') return [{ size: huge, node: undefined, pages: said }]
        return said.map(([{ size = huge, node }, pages]) => {
          checkNode(node, nodes)
          return { size, node, pages }
        })
      }),
    ),
  machine: true,
  words: all => all.map(({ size, node, pages }) => ['nr-hugepages', size / 1024, pages, node ?? -1]),
})

export function pages(): z.ZodType<number, string> {
  return count('Huge pages', 0, 65536)
}
