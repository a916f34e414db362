// The second half of mm/mlock.c since v5.18: mlock(2) and munlock(2) walk the page tables of the vma themselves, with
// neither page locks nor the rmap.

import { file_inode } from '../../../fs/inode.ts'
import { k } from '../../../kernel.ts'
import { is_huge_zero_pmd } from '../../../mm/huge_memory.ts'
import { is_vm_hugetlb_page } from '../../../mm/hugetlb_hstate.ts'
import { vm_normal_page } from '../../../mm/memory.ts'
import { pmd_addr_end } from '../../../mm/memory_range.ts'
import * as mlock_pagevec from '../../../mm/mlock_pagevec.ts'
import * as mlock_vma from '../../../mm/mlock_vma.ts'
import {
  type Mm,
  mm_struct,
  NULL,
  type Page,
  type Pmd,
  type Pmdp,
  type Pte,
  VM_IO,
  VM_LOCKED,
  VM_SPECIAL,
  type Vma,
  vm_area,
} from '../../../mm/mm_types.ts'
import { set_vm_flags } from '../../../mm/mmap_vma.ts'
import { PageTransCompound } from '../../../mm/page-flags.ts'
import {
  pmd_lockptr,
  pmd_none,
  pmd_offset,
  pmd_page,
  pmd_trans_huge,
  pointsToTable,
  pte_lockptr,
  pte_offset,
  pte_present,
  read_pmd,
  task_size,
} from '../../../mm/pgtable.ts'
import { down_write, spin_lock, spin_unlock, up_write } from '../../../ops.ts'
import { rd, wr } from '../../../store.ts'
import type { Changes } from '../../patch.ts'
import { munlock_vma_pages_range } from '../6ebb4a1b848f.ts'
import { __munlock_pagevec } from '../70feee0e1ef3.ts'

declare module '../../../kernel.ts' {
  interface Patched {
    mlock_pte_range(vma: Vma, pmd: Pmdp, addr: number, end: number): void
    mlock_vma_pages_range(vma: Vma, start: number, end: number, newflags: number): void
  }
}

const { vm_start, vm_end, vm_flags, vm_pgoff } = vm_area

/** What one PMD maps of addr..end: a huge page by its PMD, or pages by PTEs, unless they are of a huge page. */
function mlock_pte_range(vma: Vma, pmd: Pmdp, addr: number, end: number): void {
  const change = rd(vma + vm_flags) & VM_LOCKED ? k.mlock_page : k.munlock_page
  const pmd_ptl = pmd_lockptr(rd(vma + vm_area.vm_mm) as Mm, addr)
  spin_lock(pmd_ptl)
  const e = rd(pmd) as Pmd
  if (pmd_trans_huge(e)) {
    if (!is_huge_zero_pmd(e)) change(pmd_page(e))
    spin_unlock(pmd_ptl)
    return
  }
  spin_unlock(pmd_ptl)
  if (!pointsToTable(e)) return
  const ptl = pte_lockptr(e)
  spin_lock(ptl)
  for (let a = addr; a < end; a++) {
    const entry = rd(pte_offset(e, a)) as Pte
    const page = pte_present(entry) ? vm_normal_page(entry) : (NULL as Page)
    if (page !== NULL && !PageTransCompound(page)) change(page)
  }
  spin_unlock(ptl)
}

/**
 * Gives the vma its new flags, and mlocks or munlocks what it maps. Who moves a page meanwhile must not count it, too:
 * VM_IO tells mlock_vma_page. Caller holds mmap_sem for writing.
 */
function mlock_vma_pages_range(vma: Vma, start: number, end: number, newflags: number): void {
  set_vm_flags(vma, newflags & VM_LOCKED ? newflags | VM_IO : newflags)
  k.lru_add_drain()
  let next = 0
  for (let addr = start; addr < end; addr = next) {
    next = pmd_addr_end(addr, end)
    const pmd = pmd_offset(rd(vma + vm_area.vm_mm) as Mm, addr)
    if (pmd !== NULL && !pmd_none(read_pmd(pmd))) k.mlock_pte_range(vma, pmd, addr, next)
  }
  k.lru_add_drain()
  set_vm_flags(vma, newflags)
}

/** As v4.5's, but pages are mlocked here, not by populating, and memory that was locked before is not counted again. */
function mlock_fixup(vma: Vma, prev: Vma, start: number, end: number, newflags: number): Vma {
  const oldflags = rd(vma + vm_flags)
  if (newflags === oldflags || oldflags & VM_SPECIAL || is_vm_hugetlb_page(vma)) return vma
  const mm = rd(vma + vm_area.vm_mm) as Mm
  const pgoff = rd(vma + vm_pgoff) + start - rd(vma + vm_start)
  const merged = k.vma_merge(mm, prev, start, end, newflags, rd(vma + vm_area.anon_vma), pgoff, file_inode(vma))
  if (merged !== NULL) {
    vma = merged
  } else {
    if (start !== rd(vma + vm_start)) k.__split_vma(vma, start, true)
    if (end !== rd(vma + vm_end)) k.__split_vma(vma, end, false)
  }
  let nr_pages = end - start
  if (!(newflags & VM_LOCKED)) nr_pages = -nr_pages
  else if (oldflags & VM_LOCKED) nr_pages = 0
  wr(mm + mm_struct.locked_vm, rd(mm + mm_struct.locked_vm) + nr_pages)
  if (newflags & VM_LOCKED && oldflags & VM_LOCKED) set_vm_flags(vma, newflags)
  else k.mlock_vma_pages_range(vma, start, end, newflags)
  return vma
}

/**
 * As v4.5's, without a drain of all CPUs: a page that waits in a pagevec goes to its list from there (9c4e6b1a7027).
 */
function do_mlock(mm: Mm, start: number, len: number, flags: number): number {
  down_write(mm + mm_struct.mmap_sem)
  const error = k.apply_vma_lock_flags(mm, start, len, flags)
  up_write(mm + mm_struct.mmap_sem)
  return error !== 0 ? error : mlock_vma.__mlock_posix_error_return(k.__mm_populate(mm, start, len, false))
}

/** As do_mlock. */
function sys_mlockall(mm: Mm, flags: number): void {
  down_write(mm + mm_struct.mmap_sem)
  k.apply_mlockall_flags(mm, flags)
  up_write(mm + mm_struct.mmap_sem)
  if (flags & mlock_vma.MCL_CURRENT) k.__mm_populate(mm, 0, task_size(), true)
}

export const changes: Changes = {
  mlock_pte_range: { before: undefined, after: mlock_pte_range },
  mlock_vma_pages_range: { before: undefined, after: mlock_vma_pages_range },
  mlock_fixup: { before: mlock_vma.mlock_fixup, after: mlock_fixup },
  do_mlock: { before: mlock_vma.do_mlock, after: do_mlock },
  sys_mlockall: { before: mlock_vma.sys_mlockall, after: sys_mlockall },
  munlock_vma_pages_range: { before: munlock_vma_pages_range, after: undefined },
  munlock_vma_pages_all: { before: mlock_vma.munlock_vma_pages_all, after: undefined },
  munlockBasePages: { before: mlock_vma.munlockBasePages, after: undefined },
  __munlock_pagevec: { before: __munlock_pagevec, after: undefined },
  munlockIsolated: { before: mlock_pagevec.munlockIsolated, after: undefined },
  __munlock_pagevec_fill: { before: mlock_pagevec.__munlock_pagevec_fill, after: undefined },
}
