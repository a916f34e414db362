// Pages of locked memory (mm/mlock.c, v4.5): PG_mlocked, NR_MLOCK and the unevictable list.
//
// NR_MLOCK counts base pages, PG_mlocked is one bit of a whole compound page. Who sets or clears it adds or gives
// back as many pages as the compound page has at that moment. munlock of a huge page does so under lru_lock.

import { BUG_ON } from '../bug.ts'
import { k } from '../kernel.ts'
import { spin_lock, spin_unlock } from '../ops.ts'
import { zone } from './init.ts'
import type { Page } from './mm_types.ts'
import {
  ClearPageLRU,
  get_page,
  hpage_nr_pages,
  PageCompound,
  PageDoubleMap,
  PageLocked,
  PageLRU,
  PageTail,
  PageUnevictable,
  page_mapcount,
  TestClearPageMlocked,
  TestSetPageMlocked,
  VM_BUG_ON_PAGE,
} from './page-flags.ts'
import { SWAP_AGAIN, SWAP_MLOCK } from './rmap_unmap.ts'
import { del_page_from_lru_list, page_lru } from './swap.ts'
import {
  count_vm_event,
  mod_zone_page_state,
  NR_MLOCK,
  UNEVICTABLE_PGCLEARED,
  UNEVICTABLE_PGMLOCKED,
  UNEVICTABLE_PGMUNLOCKED,
  UNEVICTABLE_PGSTRANDED,
} from './vmstat.ts'

/** The last map of a page goes while it is flagged. Caller holds the page table lock. */
export function clear_page_mlock(page: Page): void {
  if (!TestClearPageMlocked(page)) return
  mod_zone_page_state(NR_MLOCK, -hpage_nr_pages(page))
  count_vm_event(UNEVICTABLE_PGCLEARED)
  if (k.isolate_lru_page(page) === 0) k.putback_lru_page(page)
  else if (PageUnevictable(page)) count_vm_event(UNEVICTABLE_PGSTRANDED)
}

/** Flags a page, and moves it to the unevictable list if it is on one. Caller holds the page lock and a reference. */
export function mlock_vma_page(page: Page): void {
  BUG_ON(!PageLocked(page), '!PageLocked(page)')
  VM_BUG_ON_PAGE(PageTail(page), page, 'PageTail(page)')
  VM_BUG_ON_PAGE(PageCompound(page) && PageDoubleMap(page), page, 'PageCompound(page) && PageDoubleMap(page)')
  if (TestSetPageMlocked(page)) return
  mod_zone_page_state(NR_MLOCK, hpage_nr_pages(page))
  count_vm_event(UNEVICTABLE_PGMLOCKED)
  if (k.isolate_lru_page(page) === 0) k.putback_lru_page(page)
}

/**
 * Takes a page off its list, with a reference if `getpage`; false: it is on none. Caller holds lru_lock and a
 * reference.
 */
export function __munlock_isolate_lru_page(page: Page, getpage: boolean): boolean {
  if (!PageLRU(page)) return false
  const lru = page_lru(page)
  if (getpage) get_page(page)
  ClearPageLRU(page)
  del_page_from_lru_list(page, lru)
  return true
}

/**
 * The flag is cleared, the page isolated: unless another locked vma flags it again, that was it. Caller holds the page
 * lock.
 */
export function __munlock_isolated_page(page: Page): void {
  // Mapped once: that is our own map.
  const ret = page_mapcount(page) > 1 ? k.try_to_munlock(page) : SWAP_AGAIN
  if (ret !== SWAP_MLOCK) count_vm_event(UNEVICTABLE_PGMUNLOCKED)
  k.putback_lru_page(page)
}

/** The flag is cleared, but somebody else has the page off the LRU: putting it back will find its list. */
export function __munlock_isolation_failed(page: Page): void {
  count_vm_event(PageUnevictable(page) ? UNEVICTABLE_PGSTRANDED : UNEVICTABLE_PGMUNLOCKED)
}

/**
 * Gives a page, or a huge page by its head, back to NR_MLOCK. Returns the size of what it found as a mask: how many
 * addresses a walk may step over. Caller holds the page lock and a reference; takes lru_lock, which keeps a split from
 * copying the flag to tails meanwhile and the size from changing (01cc2e58697e).
 */
export function munlock_vma_page(page: Page): number {
  BUG_ON(!PageLocked(page), '!PageLocked(page)')
  VM_BUG_ON_PAGE(PageTail(page), page, 'PageTail(page)')
  spin_lock(zone.lru_lock)
  const nr_pages = hpage_nr_pages(page)
  if (!TestClearPageMlocked(page)) {
    spin_unlock(zone.lru_lock)
    return nr_pages - 1
  }
  k.__mod_zone_page_state(NR_MLOCK, -nr_pages)
  if (k.__munlock_isolate_lru_page(page, true)) {
    spin_unlock(zone.lru_lock)
    k.__munlock_isolated_page(page)
  } else {
    k.__munlock_isolation_failed(page)
    spin_unlock(zone.lru_lock)
  }
  return nr_pages - 1
}
