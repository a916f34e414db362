// 1be7107fbe18 "mm: larger stack guard gap, between vmas" (v4.12): in place of a guard page in the stack there is a gap
// of 256 pages below it, which it does not grow into and where only MAP_FIXED maps. (That a neighbour nobody may access
// does not count is 561b5e0709e4, v4.13.)

import { ENOMEM } from '../../mm/errno.ts'
import { NULL, type Vma, vm_area } from '../../mm/mm_types.ts'
import { vm_start_gap as vm_start } from '../../mm/mmap_area.ts'
import {
  check_stack_guard_page,
  expand_downwards,
  expand_stack,
  growsDown,
  stackGuardFault,
} from '../../mm/mmap_stack.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'
import { expand_stack as expand_stack_plain } from './09884964335e.ts'

/** In base pages. */
const stack_guard_gap = 256

function expand_downwards_gap(vma: Vma, addr: number): number {
  const prev = rd(vma + vm_area.vm_prev) as Vma
  if (prev !== NULL && rd(prev + vm_area.vm_end) > addr - stack_guard_gap && !growsDown(prev)) return -ENOMEM
  return expand_downwards(vma, addr)
}

function vm_start_gap(vma: Vma): number {
  const start = rd(vma + vm_area.vm_start)
  return growsDown(vma) ? Math.max(0, start - stack_guard_gap) : start
}

const noGuardPage = (): number => 0

export default patch('1be7107fbe18', {
  subject: 'mm: larger stack guard gap, between vmas',
  release: 'v4.12',
  changes: {
    expand_stack: { before: expand_stack, after: expand_stack_plain },
    expand_downwards: { before: expand_downwards, after: expand_downwards_gap },
    check_stack_guard_page: { before: check_stack_guard_page, after: undefined },
    stackGuardFault: { before: stackGuardFault, after: noGuardPage },
    vm_start_gap: { before: vm_start, after: vm_start_gap },
  },
})
