// mm/vmscan.c since v5.18, with d25b5bd8a8f4 "mm/lru: introduce TestClearPageLRU()" (v5.11), on which it builds:
// whoever clears PG_lru owns the page's place on its list, before lru_lock is taken.

import { k } from '../../../kernel.ts'
import { EBUSY } from '../../../mm/errno.ts'
import { zone } from '../../../mm/init.ts'
import type { Page } from '../../../mm/mm_types.ts'
import { get_page, page_count, put_page, TestClearPageLRU, VM_BUG_ON_PAGE } from '../../../mm/page-flags.ts'
import { del_page_from_lru_list, page_lru } from '../../../mm/swap.ts'
import * as vmscan from '../../../mm/vmscan.ts'
import { spin_lock, spin_unlock } from '../../../ops.ts'
import type { Changes } from '../../patch.ts'

/**
 * include/linux/memcontrol.h folio_lruvec_relock_irq: takes lru_lock unless `lruvec` says that it is held. Returns the
 * lock.
 */
export function folio_lruvec_relock(lruvec: number): number {
  if (lruvec === 0) spin_lock(zone.lru_lock)
  return zone.lru_lock
}

function isolate_lru_page(page: Page): number {
  VM_BUG_ON_PAGE(page_count(page) === 0, page, '!page_count(page)')
  if (!TestClearPageLRU(page)) return -EBUSY
  get_page(page)
  spin_lock(zone.lru_lock)
  del_page_from_lru_list(page, page_lru(page))
  spin_unlock(zone.lru_lock)
  return 0
}

/** By way of the pagevec, whichever list it belongs to. */
function putback_lru_page(page: Page): void {
  k.__lru_cache_add(page)
  put_page(page)
}

export const changes: Changes = {
  isolate_lru_page: { before: vmscan.isolate_lru_page, after: isolate_lru_page },
  putback_lru_page: { before: vmscan.putback_lru_page, after: putback_lru_page },
}
