// Splitting the PMD of a huge page, and remembering huge pages of which a part is mapped by nobody (the second half
// of mm/huge_memory.c, v4.5). The page itself stays whole.

import { k } from '../kernel.ts'
import { atomic_add, atomic_add_negative, atomic_dec, atomic_inc, spin_lock, spin_unlock } from '../ops.ts'
import { rd, wr } from '../store.ts'
import { haddrOf, is_huge_zero_pmd, put_huge_zero_page } from './huge_memory.ts'
import { HPAGE_PMD_NR, zone } from './init.ts'
import { list_add_tail, list_empty } from './list.ts'
import { maybe_mkwrite, mkold, vm_page_prot, wrprotect, ZERO_PFN } from './memory.ts'
import { type Mm, NULL, type Page, type Pmd, type Pmdp, type Pte, tail, type Vma, vm_area } from './mm_types.ts'
import {
  _count,
  _mapcount,
  compound_mapcount,
  compound_mapcount_ptr,
  get_page,
  lock_page,
  PageMlocked,
  PageTransHuge,
  put_page,
  SetPageDirty,
  subpage,
  TestClearPageDoubleMap,
  TestSetPageDoubleMap,
  unlock_page,
  VM_BUG_ON_PAGE,
} from './page-flags.ts'
import {
  ACCESSED,
  DIRTY,
  mk_pte,
  pfn_to_page,
  pgtable_pte,
  pgtable_trans_huge_withdraw,
  pmd_lockptr,
  pmd_offset,
  pmd_page,
  pmd_populate,
  pmd_trans_huge,
  pte_write,
  read_pmd,
  set_pmd,
  set_pte,
} from './pgtable.ts'
import { make_migration_entry } from './swapops.ts'
import { count_vm_event, mod_zone_page_state, NR_ANON_TRANSPARENT_HUGEPAGES, THP_SPLIT_PMD } from './vmstat.ts'

// ---- splitting a PMD -----------------------------------------------------------------------------------------------

/**
 * split_huge_pmd: the PMD's huge page, or the huge zero page, becomes mapped by PTEs. Cannot fail. A mlocked page is
 * munlocked, once no lock is held any more: between the two it is mapped by PTEs and flagged.
 */
export function __split_huge_pmd(vma: Vma, pmd: Pmdp, addr: number): void {
  const ptl = pmd_lockptr(rd(vma + vm_area.vm_mm) as Mm, addr)
  let page = NULL as Page
  spin_lock(ptl)
  if (pmd_trans_huge(rd(pmd) as Pmd)) {
    page = pmd_page(rd(pmd) as Pmd)
    if (PageMlocked(page)) get_page(page)
    else page = NULL
    k.__split_huge_pmd_locked(vma, pmd, haddrOf(addr), false)
  }
  spin_unlock(ptl)
  if (page === NULL) return
  lock_page(page)
  k.munlock_vma_page(page)
  unlock_page(page)
  put_page(page)
}

/**
 * Caller holds the PMD lock. The page stays whole: only its maps change hands, from compound_mapcount to each page's
 * own. With `freeze` migration entries take the place of these maps at once; then the caller holds the page lock.
 */
export function __split_huge_pmd_locked(vma: Vma, pmd: Pmdp, haddr: number, freeze: boolean): void {
  const mm = rd(vma + vm_area.vm_mm) as Mm
  const old = rd(pmd) as Pmd
  count_vm_event(THP_SPLIT_PMD)
  if (is_huge_zero_pmd(old)) {
    k.__split_huge_zero_page_pmd(vma, pmd, haddr)
    return
  }
  const page = pmd_page(old)
  // The PMD's one reference becomes one of each PTE.
  atomic_add(_count(page), HPAGE_PMD_NR - 1)
  const pgtable = pgtable_trans_huge_withdraw(mm, haddr)
  for (let i = 0; i < HPAGE_PMD_NR; i++) {
    if (freeze) set_pte(pgtable_pte(pgtable, i), make_migration_entry(subpage(page, i), pte_write(old)))
    else set_pte(pgtable_pte(pgtable, i), pteOfHuge(subpage(page, i), vma, old))
    if (old & DIRTY) SetPageDirty(subpage(page, i))
    atomic_inc(_mapcount(subpage(page, i)))
  }
  // DoubleMap before the PMD's map goes, so that the page never looks unmapped.
  if (compound_mapcount(page) > 1 && !TestSetPageDoubleMap(page)) {
    for (let i = 0; i < HPAGE_PMD_NR; i++) atomic_inc(_mapcount(subpage(page, i)))
  }
  if (atomic_add_negative(-1, compound_mapcount_ptr(page))) {
    mod_zone_page_state(NR_ANON_TRANSPARENT_HUGEPAGES, -1)
    if (TestClearPageDoubleMap(page)) {
      for (let i = 0; i < HPAGE_PMD_NR; i++) atomic_dec(_mapcount(subpage(page, i)))
    }
  }
  pmd_populate(pmd, pgtable)
  if (!freeze) return
  for (let i = 0; i < HPAGE_PMD_NR; i++) {
    k.page_remove_rmap(subpage(page, i), false, vma)
    put_page(subpage(page, i))
  }
}

/** The PTE of one page of a huge PMD: v4.5 takes young and write over, soft-dirty is lost. */
export function pteOfHuge(page: Page, vma: Vma, old: Pmd): Pte {
  let entry = maybe_mkwrite(mk_pte(page, vm_page_prot(vma)), vma)
  if (!pte_write(old)) entry = wrprotect(entry)
  return old & ACCESSED ? entry : mkold(entry)
}

/** The huge zero page becomes as many maps of the zero page. Caller holds the PMD lock. */
export function __split_huge_zero_page_pmd(vma: Vma, pmd: Pmdp, haddr: number): void {
  const mm = rd(vma + vm_area.vm_mm) as Mm
  set_pmd(pmd, 0 as Pmd)
  const pgtable = pgtable_trans_huge_withdraw(mm, haddr)
  for (let i = 0; i < HPAGE_PMD_NR; i++)
    set_pte(pgtable_pte(pgtable, i), mk_pte(pfn_to_page(ZERO_PFN), vm_page_prot(vma)))
  pmd_populate(pmd, pgtable)
  put_huge_zero_page()
}

function split_huge_pmd_address(vma: Vma, addr: number): void {
  const pmd = pmd_offset(rd(vma + vm_area.vm_mm) as Mm, addr)
  if (pmd !== NULL && pmd_trans_huge(read_pmd(pmd))) k.__split_huge_pmd(vma, pmd, addr)
}

/** A vma's border moves to where a huge page may lie: its PMD is split. Caller holds mmap_sem for writing. */
export function vma_adjust_trans_huge(vma: Vma, start: number, end: number, adjust_next: number): void {
  splitAtBorder(vma, start)
  splitAtBorder(vma, end)
  if (adjust_next > 0) {
    const next = rd(vma + vm_area.vm_next) as Vma
    splitAtBorder(next, rd(next + vm_area.vm_start) + adjust_next)
  }
}

function splitAtBorder(vma: Vma, border: number): void {
  const haddr = haddrOf(border)
  if (border !== haddr && haddr >= rd(vma + vm_area.vm_start) && haddr + HPAGE_PMD_NR <= rd(vma + vm_area.vm_end)) {
    split_huge_pmd_address(vma, border)
  }
}

// ---- the deferred split queue --------------------------------------------------------------------------------------

/** Some of the huge page's memory is mapped by nobody: remember it for when memory is short. */
export function deferred_split_huge_page(page: Page): void {
  VM_BUG_ON_PAGE(!PageTransHuge(page), page, '!PageTransHuge(page)')
  spin_lock(zone.split_queue_lock)
  if (list_empty(page + tail.deferred_list)) {
    list_add_tail(page + tail.deferred_list, zone.split_queue)
    wr(zone.split_queue_len, rd(zone.split_queue_len) + 1)
  }
  spin_unlock(zone.split_queue_lock)
}
