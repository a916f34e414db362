// munlock of base pages, up to fourteen at once (the middle of mm/mlock.c, v4.5).
//
// First all flags are cleared and all pages isolated under one lru_lock; then each is looked at under its page lock;
// what nobody else can have locked goes back to the LRU together, past the per-CPU pagevec.

import { k } from '../kernel.ts'
import { spin_lock, spin_unlock } from '../ops.ts'
import { rd } from '../store.ts'
import { zone } from './init.ts'
import { vm_normal_page } from './memory.ts'
import { pmd_addr_end } from './memory_range.ts'
import { type Mm, NULL, type Page, type Pte, type Vma, vm_area } from './mm_types.ts'
import {
  get_page,
  lock_page,
  PageLocked,
  PageLRU,
  PageTransCompound,
  page_mapcount,
  put_page,
  TestClearPageMlocked,
  TestClearPageUnevictable,
  unlock_page,
  VM_BUG_ON_PAGE,
} from './page-flags.ts'
import { pmd_offset, pte_lockptr, pte_offset, pte_present, read_pmd } from './pgtable.ts'
import { PAGEVEC_SIZE, pagevec_lru_add, pagevec_release } from './swap.ts'
import { page_evictable } from './vmscan.ts'
import {
  count_vm_events,
  mod_zone_page_state,
  NR_MLOCK,
  UNEVICTABLE_PGMUNLOCKED,
  UNEVICTABLE_PGRESCUED,
} from './vmstat.ts'

/** Whether an isolated page can skip the rmap walk and the pagevec. Caller holds the page lock. */
export function canPutBackFast(page: Page): boolean {
  VM_BUG_ON_PAGE(PageLRU(page), page, 'PageLRU(page)')
  VM_BUG_ON_PAGE(!PageLocked(page), page, '!PageLocked(page)')
  return page_mapcount(page) <= 1 && page_evictable(page)
}

/** Munlocks pages, each with a reference that goes. */
export function __munlock_pagevec(pvec: readonly Page[]): void {
  const isolated: Page[] = []
  const putback: Page[] = []
  spin_lock(zone.lru_lock)
  for (const page of pvec) {
    if (TestClearPageMlocked(page)) {
      if (k.__munlock_isolate_lru_page(page, false)) {
        isolated.push(page)
        continue
      }
      k.__munlock_isolation_failed(page)
    }
    putback.push(page)
  }
  // What was flagged but is on no list is not given back: 70feee0e1ef3 (v4.12).
  mod_zone_page_state(NR_MLOCK, -isolated.length)
  spin_unlock(zone.lru_lock)
  // The last reference of a page must not go under lru_lock (3b25df93c6e3).
  pagevec_release(putback)
  k.munlockIsolated(isolated)
}

/** The second and third phase of __munlock_pagevec. */
export function munlockIsolated(pages: readonly Page[]): void {
  const fast: Page[] = []
  let pgrescued = 0
  for (const page of pages) {
    lock_page(page)
    if (canPutBackFast(page)) {
      fast.push(page)
      if (TestClearPageUnevictable(page)) pgrescued++
      unlock_page(page)
    } else {
      // One for putback_lru_page, so that ours lasts until the page is unlocked.
      get_page(page)
      k.__munlock_isolated_page(page)
      unlock_page(page)
      put_page(page)
    }
  }
  if (fast.length === 0) return
  count_vm_events(UNEVICTABLE_PGMUNLOCKED, fast.length)
  pagevec_lru_add(fast)
  count_vm_events(UNEVICTABLE_PGRESCUED, pgrescued)
}

/**
 * Adds the base pages that follow `start`, whose page is in `pvec`, as far as the PTE table has them without a gap,
 * each with a reference. Returns the first address that is not among them. Takes the PTE lock.
 */
export function __munlock_pagevec_fill(pvec: Page[], vma: Vma, start: number, end: number): number {
  const table = read_pmd(pmd_offset(rd(vma + vm_area.vm_mm) as Mm, start))
  const to = pmd_addr_end(start, end)
  const ptl = pte_lockptr(table)
  let addr = start + 1
  spin_lock(ptl)
  for (; addr < to && pvec.length < PAGEVEC_SIZE; addr++) {
    const entry = rd(pte_offset(table, addr)) as Pte
    const page = pte_present(entry) ? vm_normal_page(entry) : NULL
    // Huge pages mapped by PTE are left to munlock_vma_pages_range.
    if (page === NULL || PageTransCompound(page)) break
    get_page(page)
    pvec.push(page)
  }
  spin_unlock(ptl)
  return addr
}
