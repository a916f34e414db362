// Whether a page can be had for oneself although it was shared, and when the swap cache lets go of one
// (mm/swapfile.c, include/linux/swap.h, v4.5).

import { k } from '../kernel.ts'
import { spin_unlock } from '../ops.ts'
import { NULL, type Page, type Swp } from './mm_types.ts'
import {
  PageLocked,
  PageSwapCache,
  PageTransCompound,
  PageWriteback,
  page_cache_release,
  page_mapcount,
  page_mapped,
  SetPageDirty,
  trylock_page,
  unlock_page,
  VM_BUG_ON_PAGE,
} from './page-flags.ts'
import { find_get_swap_page } from './swap_state.ts'
import { SWAP_HAS_CACHE, swap_info, swapFreeLocked, vm_swap_full } from './swapfile_map.ts'

/**
 * Nobody but the faulting entry has `page`: no other maps it, and no swap entry names its slot, which is then given
 * back. No part of a huge page is ever reused. Caller holds the page lock.
 */
export function reuse_swap_page(page: Page): boolean {
  VM_BUG_ON_PAGE(!PageLocked(page), page, '!PageLocked(page)')
  if (PageTransCompound(page)) return false
  return k.reusedOfSwap(page, page_mapcount(page))
}

/**
 * What reuse_swap_page does with a page that `maps` entries map: adds those that name its slot. Caller holds the page
 * lock.
 */
export function reusedOfSwap(page: Page, maps: number): boolean {
  if (maps > 1 || !PageSwapCache(page)) return maps <= 1
  const count = maps + k.page_swapcount(page)
  if (count === 1 && !PageWriteback(page)) dropFromSwapCache(page)
  return count <= 1
}

/** What reuse_swap_page is without CONFIG_SWAP: a macro of swap.h, without the lock assertion. */
export function reuse_swap_page_noswap(page: Page): boolean {
  return !PageTransCompound(page) && page_mapcount(page) === 1
}

/** What stands in the slot goes: the page alone has it now. */
function dropFromSwapCache(page: Page): void {
  k.delete_from_swap_cache(page)
  SetPageDirty(page)
}

/** The cache lets a page go whose slot no entry names; says whether it did. Caller holds the page lock. */
export function try_to_free_swap(page: Page): boolean {
  VM_BUG_ON_PAGE(!PageLocked(page), page, '!PageLocked(page)')
  if (!PageSwapCache(page) || PageWriteback(page) || k.page_swapcount(page) !== 0) return false
  dropFromSwapCache(page)
  return true
}

/** As try_to_free_swap, of the page that stands for a slot, if its lock is to be had. */
export function __try_to_reclaim_swap(entry: Swp): void {
  const page = find_get_swap_page(entry)
  if (page === NULL) return
  if (trylock_page(page)) {
    k.try_to_free_swap(page)
    unlock_page(page)
  }
  page_cache_release(page)
}

/**
 * A swap entry goes from a page table. With the last one the page goes from the cache, unless somebody has it locked:
 * it is then left to reclaim.
 */
export function free_swap_and_cache(entry: Swp): void {
  let page = NULL as Page
  if (swapFreeLocked(entry) === SWAP_HAS_CACHE) {
    page = find_get_swap_page(entry)
    if (page !== NULL && !trylock_page(page)) {
      page_cache_release(page)
      page = NULL
    }
  }
  spin_unlock(swap_info.lock)
  if (page === NULL) return
  if (PageSwapCache(page) && !PageWriteback(page) && (!page_mapped(page) || vm_swap_full())) dropFromSwapCache(page)
  unlock_page(page)
  page_cache_release(page)
}
