// Taking pages off the LRU and putting them back (mm/vmscan.c, v4.5).
//
// PG_lru says that a page is on a list and is changed under lru_lock only; whoever has cleared it owns the page's
// place until it is put back. PG_unevictable says which list; PG_mlocked, set and cleared by others meanwhile, is why.

import { k } from '../kernel.ts'
import { spin_lock, spin_unlock } from '../ops.ts'
import { EBUSY } from './errno.ts'
import { zone } from './init.ts'
import type { Page } from './mm_types.ts'
import {
  ClearPageLRU,
  ClearPageUnevictable,
  get_page,
  PageLRU,
  PageMlocked,
  PageUnevictable,
  page_count,
  put_page,
  VM_BUG_ON_PAGE,
} from './page-flags.ts'
import { add_page_to_unevictable_list, del_page_from_lru_list, page_lru } from './swap.ts'
import { count_vm_event, UNEVICTABLE_PGCULLED, UNEVICTABLE_PGRESCUED } from './vmstat.ts'

/** Whether reclaim may take the page. Anonymous memory has no mapping that could forbid it. */
export const page_evictable = (page: Page): boolean => !PageMlocked(page)

/** Takes a page off its list, with a reference; -EBUSY: somebody else has it off. Caller holds a reference. */
export function isolate_lru_page(page: Page): number {
  VM_BUG_ON_PAGE(page_count(page) === 0, page, '!page_count(page)')
  if (!PageLRU(page)) return -EBUSY
  let ret = -EBUSY
  spin_lock(zone.lru_lock)
  if (PageLRU(page)) {
    const lru = page_lru(page)
    get_page(page)
    ClearPageLRU(page)
    del_page_from_lru_list(page, lru)
    ret = 0
  }
  spin_unlock(zone.lru_lock)
  return ret
}

/**
 * Gives an isolated page back to the list where it belongs now, an evictable one by way of the pagevec, and drops the
 * reference of the isolation. Takes lru_lock.
 */
export function putback_lru_page(page: Page): void {
  const was_unevictable = PageUnevictable(page)
  VM_BUG_ON_PAGE(PageLRU(page), page, 'PageLRU(page)')
  let is_unevictable = false
  for (;;) {
    ClearPageUnevictable(page)
    is_unevictable = !page_evictable(page)
    if (!is_unevictable) {
      k.__lru_cache_add(page)
      break
    }
    add_page_to_unevictable_list(page)
    // Munlocked before it was on the list: nobody else would find it there. If it is off again, the other one puts it
    // back.
    if (!page_evictable(page) || k.isolate_lru_page(page) !== 0) break
    put_page(page)
  }
  if (was_unevictable && !is_unevictable) count_vm_event(UNEVICTABLE_PGRESCUED)
  else if (!was_unevictable && is_unevictable) count_vm_event(UNEVICTABLE_PGCULLED)
  put_page(page)
}
