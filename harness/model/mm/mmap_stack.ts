// Stacks that grow (mm/mmap.c, mm/memory.c, v4.5): a fault below a vma of MAP_GROWSDOWN makes it reach down to there.
// Its lowest page is a guard page, which nobody gets: the fault that wants it grows the vma by another.
//
// Who accesses memory far below his stack pointer was refused until 1d8ca3be86eb (v5.0, arch/x86/mm/fault.c): here
// nobody has one. That get_user_pages grows a stack (find_extend_vma, to v6.4), and that mm_populate leaves out the
// guard page, is not modelled.

import { k } from '../kernel.ts'
import { spin_lock, spin_unlock } from '../ops.ts'
import { rd, rdm, wr } from '../store.ts'
import { ENOMEM } from './errno.ts'
import {
  type AnonVma,
  type Mm,
  mm_struct,
  NULL,
  VM_FAULT_SIGSEGV,
  VM_GROWSDOWN,
  VM_LOCKED,
  type Vma,
  vm_area,
} from './mm_types.ts'

export const growsDown = (vma: Vma): boolean => rdm(vma + vm_area.vm_flags, VM_GROWSDOWN) !== 0

/** Makes a stack reach down to `addr`, but not to where another mapping ends. Caller holds mmap_sem for reading. */
export function expand_stack(vma: Vma, addr: number): number {
  const prev = rd(vma + vm_area.vm_prev) as Vma
  if (prev !== NULL && rd(prev + vm_area.vm_end) === addr && !growsDown(prev)) return -ENOMEM
  return k.expand_downwards(vma, addr)
}

/**
 * As expand_stack, wherever other mappings end. The anon_vma lock keeps rmap out, page_table_lock others that grow a
 * stack of this mm. acct_stack_growth has nothing to refuse: no limit of a process is low.
 */
export function expand_downwards(vma: Vma, addr: number): number {
  const mm = rd(vma + vm_area.vm_mm) as Mm
  let error = k.anon_vma_prepare(vma)
  if (error !== 0) return error
  const av = rd(vma + vm_area.anon_vma) as AnonVma
  k.anon_vma_lock_write(av)
  const grow = rd(vma + vm_area.vm_start) - addr
  // Somebody else may have grown it meanwhile.
  if (grow > 0) {
    error = -ENOMEM
    if (grow <= rd(vma + vm_area.vm_pgoff)) {
      error = 0
      spin_lock(mm + mm_struct.page_table_lock)
      if (rdm(vma + vm_area.vm_flags, VM_LOCKED) !== 0)
        wr(mm + mm_struct.locked_vm, rd(mm + mm_struct.locked_vm) + grow)
      wr(vma + vm_area.vm_start, addr)
      wr(vma + vm_area.vm_pgoff, rd(vma + vm_area.vm_pgoff) - grow)
      spin_unlock(mm + mm_struct.page_table_lock)
    }
  }
  k.anon_vma_unlock_write(av)
  return error
}

/** Whether a fault at `addr` may be served: at the lowest page of a stack another one comes below, if there is room. */
export function check_stack_guard_page(vma: Vma, addr: number): number {
  if (!growsDown(vma) || rd(vma + vm_area.vm_start) !== addr) return 0
  const prev = rd(vma + vm_area.vm_prev) as Vma
  // Two pieces of one stack need no guard between them.
  if (prev !== NULL && rd(prev + vm_area.vm_end) === addr) return growsDown(prev) ? 0 : -ENOMEM
  return k.expand_downwards(vma, addr - 1)
}

/** What do_anonymous_page makes of it: 0, or what the fault handler answers. */
export const stackGuardFault = (vma: Vma, addr: number): number =>
  k.check_stack_guard_page(vma, addr) < 0 ? VM_FAULT_SIGSEGV : 0
