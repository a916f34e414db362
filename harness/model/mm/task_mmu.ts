// /proc/PID/clear_refs (fs/proc/task_mmu.c, v4.5).

import { k } from '../kernel.ts'
import { down_read, down_write, spin_lock, spin_unlock, up_read, up_write, WRITE_ONCE } from '../ops.ts'
import { rd } from '../store.ts'
import { wrprotect } from './memory.ts'
import { pmd_addr_end } from './memory_range.ts'
import { type Mm, mm_struct, NULL, type Pmd, type Pte, VM_SOFTDIRTY, type Vma, vm_area } from './mm_types.ts'
import {
  is_swap_pte,
  pmd_lockptr,
  pmd_none,
  pmd_offset,
  pmd_trans_huge,
  pte_lockptr,
  pte_offset,
  pte_present,
  read_pmd,
  SOFT_DIRTY,
  set_pmd,
  set_pte,
} from './pgtable.ts'

/** Writing 4: every page of the process becomes clean and write-protected, so that the next write shows. */
export function clear_refs_write(mm: Mm): void {
  down_write(mm + mm_struct.mmap_sem)
  for (let vma = rd(mm + mm_struct.mmap) as Vma; vma !== NULL; vma = rd(vma + vm_area.vm_next) as Vma) {
    WRITE_ONCE(vma + vm_area.vm_flags, rd(vma + vm_area.vm_flags) & ~VM_SOFTDIRTY)
  }
  up_write(mm + mm_struct.mmap_sem)
  down_read(mm + mm_struct.mmap_sem)
  for (let vma = rd(mm + mm_struct.mmap) as Vma; vma !== NULL; vma = rd(vma + vm_area.vm_next) as Vma) {
    const end = rd(vma + vm_area.vm_end)
    let next = 0
    for (let addr = rd(vma + vm_area.vm_start); addr < end; addr = next) {
      next = pmd_addr_end(addr, end)
      k.clear_refs_pte_range(mm, addr, next)
    }
  }
  up_read(mm + mm_struct.mmap_sem)
}

/** The pages of one PMD. */
export function clear_refs_pte_range(mm: Mm, addr: number, end: number): void {
  const pmd = pmd_offset(mm, addr)
  if (pmd === NULL || pmd_none(read_pmd(pmd))) return
  const pmd_ptl = pmd_lockptr(mm, addr)
  spin_lock(pmd_ptl)
  const e = rd(pmd) as Pmd
  const huge = pmd_trans_huge(e)
  if (huge) set_pmd(pmd, (wrprotect(e) & ~SOFT_DIRTY) as Pmd)
  spin_unlock(pmd_ptl)
  if (huge) return
  const ptl = pte_lockptr(e)
  spin_lock(ptl)
  for (let a = addr; a < end; a++) {
    const pte = pte_offset(e, a)
    const entry = rd(pte) as Pte
    if (pte_present(entry)) set_pte(pte, (wrprotect(entry) & ~SOFT_DIRTY) as Pte)
    else if (is_swap_pte(entry)) set_pte(pte, (entry & ~SOFT_DIRTY) as Pte)
  }
  spin_unlock(ptl)
}
