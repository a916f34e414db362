// Huge pages of hugetlb whose memory has failed (mm/memory-failure.c and mm/hugetlb.c, v4.5): with any of its base
// pages the whole huge page is lost. One that nobody uses leaves the pool's free list, and still counts as a page of
// the pool.

import { k } from '../kernel.ts'
import { spin_lock, spin_unlock } from '../ops.ts'
import { rd } from '../store.ts'
import { EBUSY } from './errno.ts'
import { hstate, hstate_vma, hugetlb_lock, page_hstate, pages_per_huge_page } from './hugetlb_hstate.ts'
import { add, page_huge_active, set_page_refcounted, unlinkHuge } from './hugetlb_pool.ts'
import { huge_pte_lock, huge_pte_offset, huge_pte_present, set_huge_pte_at } from './hugetlb_pte.ts'
import { hugetlb_count_add } from './hugetlb_range.ts'
import { type Mm, NULL, type Page, type Pmd, type Vma, vm_area } from './mm_types.ts'
import { page_to_nid } from './mmzone.ts'
import {
  compound_order,
  lock_page,
  PageHWPoison,
  page_count,
  put_page,
  SetPageDirty,
  SetPageHWPoison,
  subpage,
  TestClearPageHWPoison,
  TestSetPageHWPoison,
  unlock_page,
} from './page-flags.ts'
import { DIRTY, PSE, pmd_page } from './pgtable.ts'
import { make_hwpoison_entry, num_poisoned_pages_add } from './swapops.ts'

export function set_page_hwpoison_huge_page(hpage: Page): void {
  const nr_pages = 1 << compound_order(hpage)
  for (let i = 0; i < nr_pages; i++) SetPageHWPoison(subpage(hpage, i))
}

export function clear_page_hwpoison_huge_page(hpage: Page): void {
  const nr_pages = 1 << compound_order(hpage)
  for (let i = 0; i < nr_pages; i++) TestClearPageHWPoison(subpage(hpage, i))
}

/** Takes a free huge page off its list, with a reference for ever. -EBUSY: it is not free. Takes hugetlb_lock. */
export function dequeue_hwpoisoned_huge_page(hpage: Page): number {
  const h = page_hstate(hpage)
  let ret = -EBUSY
  spin_lock(hugetlb_lock)
  if (!page_huge_active(hpage) && page_count(hpage) === 0) {
    unlinkHuge(hpage)
    set_page_refcounted(hpage)
    add(h, hstate.free_huge_pages, -1)
    add(h, hstate.free_huge_pages_node + page_to_nid(hpage), -1)
    ret = 0
  }
  spin_unlock(hugetlb_lock)
  return ret
}

/** The part of memory_failure for a huge page that has no reference to give: it lies in the pool. */
export function poisonFreeHugePage(p: Page, hpage: Page): number {
  lock_page(hpage)
  // Another of its pages has failed just now.
  if (PageHWPoison(hpage) && p !== hpage && TestSetPageHWPoison(hpage)) {
    num_poisoned_pages_add(-(1 << compound_order(hpage)))
    unlock_page(hpage)
    return 0
  }
  k.set_page_hwpoison_huge_page(hpage)
  const ret = k.dequeue_hwpoisoned_huge_page(hpage)
  unlock_page(hpage)
  return ret
}

/** page_mapped_in_vma of a huge page. */
export function hugeMappedInVma(hpage: Page, vma: Vma, addr: number): boolean {
  const mm = rd(vma + vm_area.vm_mm) as Mm
  const h = hstate_vma(vma)
  const ptep = huge_pte_offset(mm, addr, h)
  if (ptep === NULL) return false
  const ptl = huge_pte_lock(h, mm, addr)
  const entry = rd(ptep) as Pmd
  spin_unlock(ptl)
  return huge_pte_present(entry) && pmd_page(entry) === hpage
}

/** try_to_unmap_one of a huge page: what maps it becomes a hwpoison entry. */
export function unmapPoisonedHuge(hpage: Page, vma: Vma, addr: number): void {
  const mm = rd(vma + vm_area.vm_mm) as Mm
  const h = hstate_vma(vma)
  const ptep = huge_pte_offset(mm, addr, h)
  if (ptep === NULL) return
  const ptl = huge_pte_lock(h, mm, addr)
  const entry = rd(ptep) as Pmd
  if (huge_pte_present(entry) && pmd_page(entry) === hpage) {
    set_huge_pte_at(h, ptep, 0 as Pmd)
    if (entry & DIRTY) SetPageDirty(hpage)
    hugetlb_count_add(mm, -pages_per_huge_page(h))
    set_huge_pte_at(h, ptep, (make_hwpoison_entry(hpage) | PSE) as number as Pmd)
    k.hugetlb_remove_rmap(hpage)
    put_page(hpage)
  }
  spin_unlock(ptl)
}
