// From a huge page of hugetlb to the entries that map it (mm/rmap.c and mm/migrate.c, v4.5): by its anon_vma if it is
// somebody's own, else by its file.

import { k } from '../kernel.ts'
import { spin_unlock, test_bit } from '../ops.ts'
import { rd } from '../store.ts'
import { hstate_vma } from './hugetlb_hstate.ts'
import {
  huge_page_prot,
  huge_pte_lock,
  huge_pte_offset,
  huge_pte_present,
  is_hugetlb_entry_migration,
  set_huge_pte_at,
} from './hugetlb_pte.ts'
import { i_mmap_lock_read, i_mmap_unlock_read, vma_interval_tree_foreach } from './interval_tree.ts'
import {
  type AddressSpace,
  type Mm,
  NULL,
  type Page,
  type Pmd,
  type Pte,
  page,
  VM_WRITE,
  type Vma,
  vm_area,
} from './mm_types.ts'
import { compound_order, get_page, PageAnon, PageHWPoison, page_mapped, put_page, SetPageDirty } from './page-flags.ts'
import { ACCESSED, DIRTY, mk_huge_pmd, pmd_page, pte_write, RW, SOFT_DIRTY } from './pgtable.ts'
import { __vma_address, anon_vma_interval_tree_foreach, page_anon_vma } from './rmap_walk.ts'
import { is_write_migration_entry, make_migration_entry, migration_entry_to_page } from './swapops.ts'

/**
 * Calls `visit` for each vma that may map the page, and where; false: go no further. `referenced`: nobody maps it, but
 * the caller has a reference of its anon_vma (rmap_walk of remove_migration_ptes). Caller holds the page lock.
 */
export function forEachVmaOfHuge(hpage: Page, visit: (vma: Vma, addr: number) => boolean, referenced = false): void {
  const pgoff = rd(hpage + page.index) << compound_order(hpage)
  if (PageAnon(hpage)) {
    const av = referenced ? page_anon_vma(hpage) : k.page_lock_anon_vma_read(hpage)
    if (av === NULL) return
    if (referenced) k.anon_vma_lock_read(av)
    anon_vma_interval_tree_foreach(av, pgoff, pgoff, vma => visit(vma, __vma_address(pgoff, vma)))
    if (referenced) k.anon_vma_unlock_read(av)
    else k.page_unlock_anon_vma_read(av)
    return
  }
  const mapping = rd(hpage + page.mapping) as AddressSpace
  if (mapping === NULL) return
  i_mmap_lock_read(mapping)
  vma_interval_tree_foreach(mapping, pgoff, pgoff, vma => {
    visit(vma, __vma_address(pgoff, vma))
  })
  i_mmap_unlock_read(mapping)
}

/** try_to_unmap of a huge page that is to be moved. Caller holds the page lock and a reference. */
export function unmapHugePage(hpage: Page): void {
  forEachVmaOfHuge(hpage, (vma, addr) => {
    k.unmapHugeEntry(hpage, vma, addr)
    return page_mapped(hpage)
  })
}

/**
 * try_to_unmap_one of a huge page that is to be moved: a migration entry stands where it was mapped. It counts as
 * mapped hugetlb memory.
 */
export function unmapHugeEntry(hpage: Page, vma: Vma, addr: number): void {
  // Lost meanwhile: what stands for it stands for good.
  if (PageHWPoison(hpage)) {
    k.unmapPoisonedHuge(hpage, vma, addr)
    return
  }
  const mm = rd(vma + vm_area.vm_mm) as Mm
  const h = hstate_vma(vma)
  const ptep = huge_pte_offset(mm, addr, h)
  if (ptep === NULL) return
  const ptl = huge_pte_lock(h, mm, addr)
  const entry = rd(ptep) as Pmd
  if (huge_pte_present(entry) && pmd_page(entry) === hpage) {
    set_huge_pte_at(h, ptep, 0 as Pmd)
    if (entry & DIRTY) SetPageDirty(hpage)
    const swp = make_migration_entry(hpage, pte_write(entry)) | (entry & SOFT_DIRTY)
    set_huge_pte_at(h, ptep, swp as Pmd)
    k.hugetlb_remove_rmap(hpage)
    put_page(hpage)
  }
  spin_unlock(ptl)
}

/** remove_migration_ptes of a huge page. Caller holds the lock of both pages, and a reference of the anon_vma. */
export function remapHugePage(old: Page, p: Page): void {
  forEachVmaOfHuge(
    p,
    (vma, addr) => {
      k.remapHugeEntry(p, vma, addr, old)
      return true
    },
    true,
  )
}

/** remove_migration_pte of a huge page. */
export function remapHugeEntry(p: Page, vma: Vma, addr: number, old: Page): void {
  const mm = rd(vma + vm_area.vm_mm) as Mm
  const h = hstate_vma(vma)
  const ptep = huge_pte_offset(mm, addr, h)
  if (ptep === NULL) return
  const ptl = huge_pte_lock(h, mm, addr)
  const swp = rd(ptep) as Pte & Pmd
  if (is_hugetlb_entry_migration(swp) && migration_entry_to_page(swp) === old) {
    get_page(p)
    const entry = mk_huge_pmd(p, (huge_page_prot(vma) & ~ACCESSED) | (swp & SOFT_DIRTY))
    // maybe_mkwrite: what the vma allows may have changed meanwhile.
    const writable = is_write_migration_entry(swp) && test_bit(vma + vm_area.vm_flags, VM_WRITE)
    set_huge_pte_at(h, ptep, (writable ? entry | RW : entry) as Pmd)
    if (PageAnon(p)) k.hugepage_add_anon_rmap(p, vma, addr)
    else k.hugetlb_dup_rmap(p)
  }
  spin_unlock(ptl)
}
