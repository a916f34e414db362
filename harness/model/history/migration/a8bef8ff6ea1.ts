// a8bef8ff6ea1 "mm: migration: avoid race between shift_arg_pages() and rmap_walk() during migration by not migrating
// temporary stacks" (v2.6.35).
//
// Before, migration takes the page of an argument out of its page table while execve moves the stack: the vma has a new
// start already, so that who puts the entry back looks for it at the new place, where it is not yet; then it is moved
// there, as the migration entry that it is, and nobody comes for it any more.

import * as exec from '../../fs/exec.ts'
import { k } from '../../kernel.ts'
import { type Mm, mm_struct, VM_SOFTDIRTY, type Vma, vm_area } from '../../mm/mm_types.ts'
import { find_prev, vm_area_alloc, vma_link } from '../../mm/mmap_vma.ts'
import { invalid_migration_vma } from '../../mm/rmap_unmap.ts'
import { down_write, up_write } from '../../ops.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'

function __bprm_mm_init(mm: Mm, start: number, pages: number): void {
  down_write(mm + mm_struct.mmap_sem)
  const flags = VM_SOFTDIRTY | exec.VM_STACK_FLAGS
  vma_link(mm, vm_area_alloc(mm, start, start + pages, flags, start), find_prev(mm, start))
  up_write(mm + mm_struct.mmap_sem)
}

function setup_arg_pages(vma: Vma, shift: number): number {
  const mm = rd(vma + vm_area.vm_mm) as Mm
  down_write(mm + mm_struct.mmap_sem)
  const error = k.shift_arg_pages(vma, shift)
  up_write(mm + mm_struct.mmap_sem)
  return error
}

/** try_to_unmap_anon skips no vma. */
const noneIsInvalid = (): boolean => false

export default patch('a8bef8ff6ea1', {
  subject:
    'mm: migration: avoid race between shift_arg_pages() and rmap_walk() during migration by not migrating temporary stacks',
  release: 'v2.6.35',
  changes: {
    __bprm_mm_init: { before: __bprm_mm_init, after: exec.__bprm_mm_init },
    setup_arg_pages: { before: setup_arg_pages, after: exec.setup_arg_pages },
    invalid_migration_vma: { before: noneIsInvalid, after: invalid_migration_vma },
  },
})
