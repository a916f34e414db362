// The stack of a program that is being started (fs/exec.c, v4.5): arguments are copied to a place as high as can be,
// and moved down once it is known where the program wants its stack.

import { BUG_ON } from '../bug.ts'
import { k } from '../kernel.ts'
import { EFAULT } from '../mm/errno.ts'
import {
  type Mm,
  mm_struct,
  NULL,
  VM_ACCOUNT,
  VM_GROWSDOWN,
  VM_READ,
  VM_SOFTDIRTY,
  VM_STACK_INCOMPLETE_SETUP,
  VM_WRITE,
  type Vma,
  vm_area,
} from '../mm/mm_types.ts'
import { find_prev, vm_area_alloc, vma_link } from '../mm/mmap_vma.ts'
import { task_size } from '../mm/pgtable.ts'
import { clear_bit, down_write, up_write } from '../ops.ts'
import { rd } from '../store.ts'

/** What a stack that grows downwards has (include/linux/mm.h). */
export const VM_STACK_FLAGS = VM_GROWSDOWN | VM_READ | VM_WRITE | VM_ACCOUNT

/**
 * The temporary stack, at start..start+pages, as it is once copy_strings has made it grow. While its entries move, rmap
 * would look for them where they are not.
 */
export function __bprm_mm_init(mm: Mm, start: number, pages: number): void {
  down_write(mm + mm_struct.mmap_sem)
  const flags = VM_SOFTDIRTY | VM_STACK_FLAGS | VM_STACK_INCOMPLETE_SETUP
  vma_link(mm, vm_area_alloc(mm, start, start + pages, flags, start), find_prev(mm, start))
  up_write(mm + mm_struct.mmap_sem)
}

/**
 * Moves the stack and its entries down by `shift` pages. First the vma covers both places: where rmap looks for a page
 * depends on its start. Caller holds mmap_sem for writing.
 */
export function shift_arg_pages(vma: Vma, shift: number): number {
  const mm = rd(vma + vm_area.vm_mm) as Mm
  const old_start = rd(vma + vm_area.vm_start)
  const old_end = rd(vma + vm_area.vm_end)
  const pgoff = rd(vma + vm_area.vm_pgoff)
  const new_start = old_start - shift
  const new_end = old_end - shift
  BUG_ON(new_start > new_end, 'new_start > new_end')
  if (vma !== k.find_vma(mm, new_start)) return -EFAULT
  k.vma_adjust(vma, new_start, old_end, pgoff, NULL)
  k.move_page_tables(vma, old_start, vma, new_start, old_end - old_start, false)
  k.lru_add_drain()
  const after = rd(vma + vm_area.vm_next)
  const ceiling = after === 0 ? task_size() : rd(after + vm_area.vm_start)
  // Where the two places overlap, what is in both stays.
  if (new_end > old_start) k.free_pgd_range(mm, new_end, old_end, new_end, ceiling)
  else k.free_pgd_range(mm, old_start, old_end, new_end, ceiling)
  k.vma_adjust(vma, new_start, new_end, pgoff, NULL)
  return 0
}

/** The stack has its final place, `shift` pages further down. */
export function setup_arg_pages(vma: Vma, shift: number): number {
  const mm = rd(vma + vm_area.vm_mm) as Mm
  down_write(mm + mm_struct.mmap_sem)
  const error = k.shift_arg_pages(vma, shift)
  if (error === 0) clear_bit(vma + vm_area.vm_flags, VM_STACK_INCOMPLETE_SETUP)
  up_write(mm + mm_struct.mmap_sem)
  return error
}
