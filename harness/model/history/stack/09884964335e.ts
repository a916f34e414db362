// 09884964335e "mm: do not grow the stack vma just because of an overrun on preceding vma" (v3.10). Before, who wrote
// beyond the end of a mapping made a stack above it grow down to there, and learned of it from the guard page.

import { k } from '../../kernel.ts'
import type { Vma } from '../../mm/mm_types.ts'
import { expand_stack as after } from '../../mm/mmap_stack.ts'
import { patch } from '../patch.ts'

export const expand_stack = (vma: Vma, addr: number): number => k.expand_downwards(vma, addr)

export default patch('09884964335e', {
  subject: 'mm: do not grow the stack vma just because of an overrun on preceding vma',
  release: 'v3.10',
  changes: { expand_stack: { before: expand_stack, after } },
})
