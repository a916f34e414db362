// Whole ranges of huge pages (mm/hugetlb.c, v4.5): copied by fork, unmapped, given other rights; and the pages that an
// owner takes from its children.

import { BUG_ON } from '../bug.ts'
import { f_mapping } from '../fs/inode.ts'
import { k } from '../kernel.ts'
import { atomic_add, clear_bit, spin_lock, spin_unlock, test_bit } from '../ops.ts'
import { rd } from '../store.ts'
import { hstate_vma, huge_page_mask, pages_per_huge_page } from './hugetlb_hstate.ts'
import {
  huge_page_prot,
  huge_pte_alloc,
  huge_pte_lock,
  huge_pte_lockptr,
  huge_pte_none,
  huge_pte_offset,
  huge_pte_present,
  is_hugetlb_entry_migration,
  set_huge_pte_at,
} from './hugetlb_pte.ts'
import { HPAGE_RESV_OWNER, HPAGE_RESV_UNMAPPED, is_vma_resv_set, set_vma_resv_flags } from './hugetlb_resv.ts'
import { i_mmap_lock_write, i_mmap_unlock_write, vma_interval_tree_foreach } from './interval_tree.ts'
import { wrprotect } from './memory.ts'
import type { Gather } from './memory_range.ts'
import {
  type Hstate,
  type Mm,
  mm_struct,
  NULL,
  type Page,
  type Pmd,
  type Pmdp,
  type Pte,
  VM_MAYSHARE,
  VM_MAYWRITE,
  VM_SHARED,
  type Vma,
  vm_area,
} from './mm_types.ts'
import { get_page, SetPageDirty } from './page-flags.ts'
import { DIRTY, PRESENT, PROTNONE, pmd_page, RW } from './pgtable.ts'
import { is_write_migration_entry, make_migration_entry_read } from './swapops.ts'

/** Base pages of hugetlb that an address space maps: of its RSS they are no part. */
export const hugetlb_count_add = (mm: Mm, n: number): void => atomic_add(mm + mm_struct.hugetlb_usage, n)

export const is_cow_mapping = (vma: Vma): boolean =>
  (rd(vma + vm_area.vm_flags) & (VM_SHARED | VM_MAYWRITE)) === VM_MAYWRITE

/** Of private memory parent and child are write-protected. Caller holds both mmap_sems for writing. */
export function copy_hugetlb_page_range(dst: Mm, src: Mm, vma: Vma): void {
  const h = hstate_vma(vma)
  const nr = pages_per_huge_page(h)
  const cow = is_cow_mapping(vma)
  const end = rd(vma + vm_area.vm_end)
  for (let addr = rd(vma + vm_area.vm_start); addr < end; addr += nr) {
    const src_pte = huge_pte_offset(src, addr, h)
    if (src_pte === NULL) continue
    const dst_pte = huge_pte_alloc(dst, addr, h)
    const dst_ptl = huge_pte_lock(h, dst, addr)
    const src_ptl = huge_pte_lockptr(h, src, addr)
    spin_lock(src_ptl)
    k.copyHugePte(dst, h, dst_pte, src_pte, cow)
    spin_unlock(src_ptl)
    spin_unlock(dst_ptl)
  }
}

/** One entry. Caller holds both page table locks. */
export function copyHugePte(dst: Mm, h: Hstate, dst_pte: Pmdp, src_pte: Pmdp, cow: boolean): void {
  let entry = rd(src_pte) as Pmd
  if (huge_pte_none(entry)) return
  if (!huge_pte_present(entry)) {
    if (is_write_migration_entry(entry as number as Pte) && cow) {
      entry = make_migration_entry_read(entry as number as Pte) as number as Pmd
      set_huge_pte_at(h, src_pte, entry)
    }
    set_huge_pte_at(h, dst_pte, entry)
    return
  }
  if (cow) set_huge_pte_at(h, src_pte, wrprotect(entry))
  entry = rd(src_pte) as Pmd
  const page = pmd_page(entry)
  get_page(page)
  k.hugetlb_dup_rmap(page)
  set_huge_pte_at(h, dst_pte, entry)
  hugetlb_count_add(dst, pages_per_huge_page(h))
}

/**
 * Unmaps start..end, or of it (`ref_page`) one page only, whose loss the vma then remembers. Caller holds i_mmap_rwsem
 * for writing. Pages are put once the TLB is flushed.
 */
export function __unmap_hugepage_range(tlb: Gather, vma: Vma, start: number, end: number, ref_page: Page): void {
  const mm = rd(vma + vm_area.vm_mm) as Mm
  const h = hstate_vma(vma)
  const nr = pages_per_huge_page(h)
  BUG_ON((start & ~huge_page_mask(h)) !== 0, 'start & ~huge_page_mask(h)')
  BUG_ON((end & ~huge_page_mask(h)) !== 0, 'end & ~huge_page_mask(h)')
  for (let addr = start; addr < end; addr += nr) {
    const pte = huge_pte_offset(mm, addr, h)
    if (pte === NULL) continue
    const ptl = huge_pte_lock(h, mm, addr)
    const entry = rd(pte) as Pmd
    if (huge_pte_none(entry)) {
      spin_unlock(ptl)
      continue
    }
    if (!huge_pte_present(entry)) {
      // A page that is being moved, or is poisoned, is unmapped already.
      set_huge_pte_at(h, pte, 0 as Pmd)
      spin_unlock(ptl)
      continue
    }
    const page = pmd_page(entry)
    if (ref_page !== NULL) {
      if (page !== ref_page) {
        spin_unlock(ptl)
        continue
      }
      // Later faults of this vma shall fail rather than look as if data was lost.
      set_vma_resv_flags(vma, HPAGE_RESV_UNMAPPED)
    }
    set_huge_pte_at(h, pte, 0 as Pmd)
    if (entry & DIRTY) SetPageDirty(page)
    hugetlb_count_add(mm, -nr)
    k.hugetlb_remove_rmap(page)
    tlb.push(page)
    spin_unlock(ptl)
    if (ref_page !== NULL) break
  }
}

/**
 * The vma goes, or is unmapped for good: its page tables are nobody's to share any more. Caller holds i_mmap_rwsem for
 * writing.
 */
export function __unmap_hugepage_range_final(tlb: Gather, vma: Vma, start: number, end: number): void {
  k.__unmap_hugepage_range(tlb, vma, start, end, NULL)
  clear_bit(vma + vm_area.vm_flags, VM_MAYSHARE)
}

/** As __unmap_hugepage_range, and puts the pages. */
export function unmap_hugepage_range(vma: Vma, start: number, end: number, ref_page: Page): void {
  const tlb: Gather = []
  k.__unmap_hugepage_range(tlb, vma, start, end, ref_page)
  k.tlb_finish_mmu(tlb)
}

/**
 * The owner of a private mapping cannot have the copy that it needs: whoever else maps the page without a reservation
 * of its own loses it. Caller holds mmap_sem for reading and the fault mutex, and no page table lock.
 */
export function unmap_ref_private(vma: Vma, page: Page, addr: number): void {
  const nr = pages_per_huge_page(hstate_vma(vma))
  const start = addr & -nr
  const pgoff = start - rd(vma + vm_area.vm_start) + rd(vma + vm_area.vm_pgoff)
  const mapping = f_mapping(vma)
  i_mmap_lock_write(mapping)
  vma_interval_tree_foreach(mapping, pgoff, pgoff, iter_vma => {
    if (iter_vma === vma) return
    // A shared mapping of the file has its own reservations, and its own page.
    if (test_bit(iter_vma + vm_area.vm_flags, VM_MAYSHARE)) return
    if (!is_vma_resv_set(iter_vma, HPAGE_RESV_OWNER)) k.unmap_hugepage_range(iter_vma, start, start + nr, page)
  })
  i_mmap_unlock_write(mapping)
}

/** Every present entry of a range gets the vma's protection. Caller holds mmap_sem for writing. */
export function hugetlb_change_protection(vma: Vma, start: number, end: number): void {
  const mm = rd(vma + vm_area.vm_mm) as Mm
  const h = hstate_vma(vma)
  const prot = huge_page_prot(vma)
  const mapping = f_mapping(vma)
  i_mmap_lock_write(mapping)
  for (let addr = start; addr < end; addr += pages_per_huge_page(h)) {
    const pte = huge_pte_offset(mm, addr, h)
    if (pte === NULL) continue
    const ptl = huge_pte_lock(h, mm, addr)
    const entry = rd(pte) as Pmd
    if (huge_pte_present(entry)) {
      set_huge_pte_at(h, pte, ((entry & ~(PRESENT | PROTNONE | RW)) | prot) as Pmd)
    } else if (is_hugetlb_entry_migration(entry) && is_write_migration_entry(entry as number as Pte)) {
      set_huge_pte_at(h, pte, make_migration_entry_read(entry as number as Pte) as number as Pmd)
    }
    spin_unlock(ptl)
  }
  i_mmap_unlock_write(mapping)
}
