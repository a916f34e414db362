// Writes to private huge pages (hugetlb_cow of mm/hugetlb.c, v4.5), and what counts their maps.

import { BUG_ON, KernelBug } from '../bug.ts'
import { k } from '../kernel.ts'
import { atomic_add_negative, atomic_inc, spin_lock, spin_unlock } from '../ops.ts'
import { rd } from '../store.ts'
import { ENOMEM, IS_ERR } from './errno.ts'
import { hstate_vma, pages_per_huge_page } from './hugetlb_hstate.ts'
import { set_page_huge_active } from './hugetlb_pool.ts'
import { huge_pte_none, huge_pte_offset, make_huge_pte, set_huge_pte_at } from './hugetlb_pte.ts'
import { HPAGE_RESV_OWNER, is_vma_resv_set } from './hugetlb_resv.ts'
import { mkdirty } from './memory.ts'
import { type Mm, NULL, type Page, type Pmd, type Pmdp, VM_FAULT_OOM, VM_FAULT_SIGBUS, type Vma } from './mm_types.ts'
import { ClearPagePrivate, compound_mapcount_ptr, get_page, PageAnon, page_mapcount, put_page } from './page-flags.ts'
import { pmd_page, RW } from './pgtable.ts'

/** page_remove_rmap(page, true) of a hugetlb page: one map less. Caller holds the page table lock. */
export function hugetlb_remove_rmap(page: Page): void {
  atomic_add_negative(-1, compound_mapcount_ptr(page))
}

/**
 * page_dup_rmap(page, true): one map more of a page that is mapped, or in the page cache. Caller holds the page table
 * lock.
 */
export function hugetlb_dup_rmap(page: Page): void {
  atomic_inc(compound_mapcount_ptr(page))
}

/** The part of hugetlb_cow between two looks at the entry. Caller holds the fault mutex and no page table lock. */
export function stealFromChildren(_mm: Mm, vma: Vma, page: Page, addr: number): void {
  k.unmap_ref_private(vma, page, addr)
}

/** A write that takes pages from its children, and is none the better for it, tries this often. */
const TRIES = 16

/**
 * A write to a read-only entry: the page becomes ours, or a copy takes its place. `pagecache_page`: the file's page at
 * this place, or NULL. Caller holds the fault mutex, the locks of the mapped page and of pagecache_page, and ptl, which
 * is dropped meanwhile.
 */
export function hugetlb_cow(
  mm: Mm,
  vma: Vma,
  addr: number,
  ptep: Pmdp,
  entry: Pmd,
  pagecache_page: Page,
  ptl: number,
): number {
  const h = hstate_vma(vma)
  const old_page = pmd_page(entry)
  // Who may reserve, and has used the reservation of this page already, shall not use another's for the copy.
  const outside_reserve = is_vma_resv_set(vma, HPAGE_RESV_OWNER) && old_page !== pagecache_page
  let new_page = NULL as Page
  let tries = 0
  while (new_page === NULL) {
    if (k.avoidCopy(vma, addr, ptep, old_page)) return 0
    get_page(old_page)
    spin_unlock(ptl)
    new_page = k.alloc_huge_page(vma, addr, outside_reserve)
    if (!IS_ERR(new_page)) break
    put_page(old_page)
    if (!outside_reserve) {
      spin_lock(ptl)
      return new_page === (-ENOMEM as Page) ? VM_FAULT_OOM : VM_FAULT_SIGBUS
    }
    // Children hold the page, and there is no other: they lose it, and the write is tried again.
    BUG_ON(huge_pte_none(entry), 'huge_pte_none(pte)')
    k.stealFromChildren(mm, vma, old_page, addr)
    spin_lock(ptl)
    ptep = huge_pte_offset(mm, addr, h)
    if (ptep === NULL || rd(ptep) !== entry) return 0
    new_page = NULL as Page
    if (++tries === TRIES)
      throw new KernelBug('stall', 'hugetlb_cow finds no page, and nobody to take one from, for ever')
  }
  if (!k.prepareCopy(vma, addr, old_page, new_page, ptl)) return VM_FAULT_OOM
  k.copy_user_huge_page(new_page, old_page, pages_per_huge_page(h))
  set_page_huge_active(new_page)
  spin_lock(ptl)
  ptep = huge_pte_offset(mm, addr, h)
  if (ptep !== NULL && rd(ptep) === entry) {
    ClearPagePrivate(new_page)
    set_huge_pte_at(h, ptep, 0 as Pmd)
    set_huge_pte_at(h, ptep, make_huge_pte(vma, new_page, true))
    k.countCopy(vma, addr, old_page, new_page)
    // The old page is the one to drop.
    new_page = old_page
  }
  spin_unlock(ptl)
  k.putUnmappedPage(vma, addr, new_page)
  put_page(old_page)
  spin_lock(ptl)
  return 0
}

// ---- the steps of hugetlb_cow that history has changed --------------------------------------------------------------

/** set_huge_ptep_writable. Caller holds the page table lock. */
export const setHugeWritable = (vma: Vma, ptep: Pmdp): void =>
  set_huge_pte_at(hstate_vma(vma), ptep, (mkdirty(rd(ptep) as Pmd) | RW) as Pmd)

/** Whether the page may be written to as it is: nobody else maps it. A page of the file stays the file's. */
export function avoidCopy(vma: Vma, addr: number, ptep: Pmdp, old_page: Page): boolean {
  if (page_mapcount(old_page) !== 1 || !PageAnon(old_page)) return false
  k.page_move_anon_rmap(old_page, vma, addr)
  setHugeWritable(vma, ptep)
  return true
}

/**
 * Makes the vma one that may have private pages; false: no memory, and everything is as hugetlb_cow has to leave it.
 */
export function prepareCopy(vma: Vma, addr: number, old_page: Page, new_page: Page, ptl: number): boolean {
  if (k.anon_vma_prepare(vma) === 0) return true
  k.putUnmappedPage(vma, addr, new_page)
  put_page(old_page)
  spin_lock(ptl)
  return false
}

/** The copy is mapped where the old page was. Caller holds the page table lock. */
export function countCopy(vma: Vma, addr: number, old_page: Page, new_page: Page): void {
  k.hugetlb_remove_rmap(old_page)
  k.hugepage_add_new_anon_rmap(new_page, vma, addr)
}
