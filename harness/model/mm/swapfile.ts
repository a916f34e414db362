// Whether a page can be had for oneself although it was shared (mm/swapfile.c, include/linux/swap.h, v4.5).

import type { Page } from './mm_types.ts'
import { PageLocked, PageTransCompound, page_mapcount, VM_BUG_ON_PAGE } from './page-flags.ts'

/** Nobody but the faulting entry maps `page`, and no part of a huge page is ever reused. Caller holds the page lock. */
export function reuse_swap_page(page: Page): boolean {
  VM_BUG_ON_PAGE(!PageLocked(page), page, '!PageLocked(page)')
  if (PageTransCompound(page)) return false
  return page_mapcount(page) <= 1
}

/** What reuse_swap_page is without CONFIG_SWAP: a macro of swap.h, without the lock assertion. */
export function reuse_swap_page_noswap(page: Page): boolean {
  return !PageTransCompound(page) && page_mapcount(page) === 1
}
