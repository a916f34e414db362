// mprotect(2) (mm/mprotect.c, v4.5).

import { k } from '../kernel.ts'
import { down_write, spin_lock, spin_unlock, up_write } from '../ops.ts'
import { rd } from '../store.ts'
import { ENOMEM, IS_ERR } from './errno.ts'
import { is_vm_hugetlb_page } from './hugetlb_hstate.ts'
import { HPAGE_PMD_NR } from './init.ts'
import { vm_page_prot } from './memory.ts'
import { pmd_addr_end } from './memory_range.ts'
import {
  type Mm,
  mm_struct,
  NULL,
  type Pmdp,
  type Pte,
  VM_ACCOUNT,
  VM_HUGETLB,
  VM_LOCKED,
  VM_READ,
  VM_SHARED,
  VM_WRITE,
  type Vma,
  vm_area,
} from './mm_types.ts'
import {
  PRESENT,
  PROTNONE,
  pmd_none,
  pmd_offset,
  pmd_trans_huge,
  pte_lockptr,
  pte_offset,
  pte_present,
  RW,
  read_pmd,
  set_pte,
} from './pgtable.ts'
import { is_write_migration_entry, make_migration_entry_read } from './swapops.ts'

/** New access rights for start..end of one vma: 0 or an error. Caller holds mmap_sem for writing. */
export function mprotect_fixup(vma: Vma, start: number, end: number, prot: number): number {
  const old = rd(vma + vm_area.vm_flags)
  let flags = (old & ~(VM_READ | VM_WRITE)) | prot
  if (flags === old) return 0
  // What becomes writable is counted from now on, and stays so.
  if (flags & VM_WRITE && !(old & (VM_WRITE | VM_HUGETLB | VM_SHARED))) flags |= VM_ACCOUNT
  const changed = k.setVmaFlags(vma, start, end, flags)
  if (IS_ERR(changed)) return changed
  if (is_vm_hugetlb_page(changed)) k.hugetlb_change_protection(changed, start, end)
  else k.change_protection(changed, start, end)
  // Locked memory becomes writable: it is copied now, for it must not fault later (36f881883c57).
  if ((old & (VM_WRITE | VM_LOCKED)) === VM_LOCKED && flags & VM_WRITE) k.populate_vma_page_range(changed, start, end)
  return 0
}

/** Every present entry gets the vma's protection, which lets a private page be read but not written at first. */
export function change_protection(vma: Vma, start: number, end: number): void {
  const mm = rd(vma + vm_area.vm_mm) as Mm
  let next = 0
  for (let addr = start; addr < end; addr = next) {
    next = pmd_addr_end(addr, end)
    const pmd = pmd_offset(mm, addr)
    if (pmd === NULL || pmd_none(read_pmd(pmd))) continue
    if (pmd_trans_huge(read_pmd(pmd))) {
      if (next - addr !== HPAGE_PMD_NR) k.__split_huge_pmd(vma, pmd, addr)
      else if (k.change_huge_pmd(vma, pmd, addr)) continue
    }
    k.change_pte_range(vma, pmd, addr, next)
  }
}

export function change_pte_range(vma: Vma, pmd: Pmdp, addr: number, end: number): void {
  const table = read_pmd(pmd)
  const prot = vm_page_prot(vma)
  spin_lock(pte_lockptr(table))
  for (let a = addr; a < end; a++) {
    const pte = pte_offset(table, a)
    const entry = rd(pte) as Pte
    if (pte_present(entry)) set_pte(pte, ((entry & ~(PRESENT | PROTNONE | RW)) | prot) as Pte)
    // Also a page that is being moved must not come back writable.
    else if (is_write_migration_entry(entry)) set_pte(pte, make_migration_entry_read(entry))
  }
  spin_unlock(pte_lockptr(table))
}

/** -ENOMEM where a hole is met; what lies before it has changed, as in the kernel. `prot`: VM_READ, VM_WRITE. */
export function sys_mprotect(mm: Mm, addr: number, len: number, prot: number): number {
  down_write(mm + mm_struct.mmap_sem)
  const end = addr + len
  let start = addr
  let error = 0
  while (start < end && error === 0) {
    const vma = k.find_vma(mm, start)
    if (vma === NULL || rd(vma + vm_area.vm_start) > start) {
      error = -ENOMEM
      break
    }
    const to = Math.min(end, rd(vma + vm_area.vm_end))
    error = k.mprotect_fixup(vma, start, to, prot)
    start = to
  }
  up_write(mm + mm_struct.mmap_sem)
  return error
}
