// The swap cache (mm/swap_state.c, v4.5): the page that stands for a slot of the swap area while it is written, read,
// or shared by those who have not all touched it yet. It holds a reference of the page, and PG_swapcache and
// page_swap_entry say on the page's side which slot: they change under the page lock, the cache itself under tree_lock.

import { k } from '../kernel.ts'
import { spin_lock, spin_unlock, WRITE_ONCE, wake_up } from '../ops.ts'
import { rd, S, sbrk, wr } from '../store.ts'
import { getFromSlot } from './filemap.ts'
import { HPAGE_PMD_NR } from './init.ts'
import { address_space } from './interval_tree.ts'
import { type AddressSpace, NULL, type Page, type Swp } from './mm_types.ts'
import {
  ClearPageActive,
  ClearPageSwapCache,
  get_page_unless_zero,
  PageLocked,
  PageSwapBacked,
  PageSwapCache,
  PageTransHuge,
  PageWriteback,
  page_cache_get,
  page_cache_release,
  page_mapped,
  page_swap_entry,
  put_page,
  SetPageSwapCache,
  set_page_swap_entry,
  subpage,
  trylock_page,
  unlock_page,
  VM_BUG_ON_PAGE,
} from './page-flags.ts'
import { swap_info } from './swapfile_map.ts'

/** swapper_spaces of the one area; behind it a cell for each slot, which the kernel keeps as a radix tree. */
export let swapper_space = 0 as AddressSpace
let slots = 0

export function init_swap_state(): void {
  swapper_space = sbrk(8) as AddressSpace
  slots = sbrk(swap_info.max)
}

const tree_lock = (): number => swapper_space + address_space.tree_lock
const nrpages = (): number => swapper_space + address_space.nrpages

/** Where the cache keeps a slot's page. */
export const swapSlot = (entry: Swp): number => slots + entry

/** Pages in the swap cache; for observers. */
export const total_swapcache_pages = (): number => S[nrpages()]!

/** The page that stands for a slot, with one more reference, or NULL. */
export const find_get_swap_page = (entry: Swp): Page => getFromSlot(swapper_space, () => swapSlot(entry))

/** For observers: the page that stands for a slot, or NULL. */
export const swapCachePage = (entry: Swp): Page => S[swapSlot(entry)] as Page

/** All pages of the cache; for observers. */
export function* swapCachePages(): Generator<Page> {
  for (let entry = 1 as Swp; entry < swap_info.max; entry = (entry + 1) as Swp)
    if (swapCachePage(entry) !== NULL) yield swapCachePage(entry)
}

/** The page stands for the slot from now on, which has SWAP_HAS_CACHE already. Caller holds the page lock. */
export function __add_to_swap_cache(p: Page, entry: Swp): void {
  VM_BUG_ON_PAGE(!PageLocked(p), p, '!PageLocked(page)')
  VM_BUG_ON_PAGE(PageSwapCache(p), p, 'PageSwapCache(page)')
  VM_BUG_ON_PAGE(!PageSwapBacked(p), p, '!PageSwapBacked(page)')
  page_cache_get(p)
  SetPageSwapCache(p)
  set_page_swap_entry(p, entry)
  spin_lock(tree_lock())
  VM_BUG_ON_PAGE(rd(swapSlot(entry)) !== 0, p, 'error == -EEXIST')
  WRITE_ONCE(swapSlot(entry), p)
  wr(nrpages(), rd(nrpages()) + 1)
  spin_unlock(tree_lock())
  wake_up(swap_info.queues + entry)
}

/** Caller holds the page lock and tree_lock. */
export function __delete_from_swap_cache(p: Page): void {
  VM_BUG_ON_PAGE(!PageLocked(p), p, '!PageLocked(page)')
  VM_BUG_ON_PAGE(!PageSwapCache(p), p, '!PageSwapCache(page)')
  VM_BUG_ON_PAGE(PageWriteback(p), p, 'PageWriteback(page)')
  WRITE_ONCE(swapSlot(page_swap_entry(p)), 0)
  set_page_swap_entry(p, 0 as Swp)
  ClearPageSwapCache(p)
  wr(nrpages(), rd(nrpages()) - 1)
}

/** The page stands for its slot no longer. Caller holds the page lock and a reference of its own. */
export function delete_from_swap_cache(p: Page): void {
  const entry = page_swap_entry(p)
  spin_lock(tree_lock())
  k.__delete_from_swap_cache(p)
  spin_unlock(tree_lock())
  k.swapcache_free(entry)
  page_cache_release(p)
}

/** A page that nobody maps any more goes from the cache with its last entry, if its lock is to be had. */
export function free_swap_cache(p: Page): void {
  if (!PageSwapCache(p) || page_mapped(p) || !trylock_page(p)) return
  k.try_to_free_swap(p)
  unlock_page(p)
}

/** What a TLB flush does with the pages it gathered. */
export function free_pages_and_swap_cache(pages: readonly Page[]): void {
  k.lru_add_drain()
  for (const p of pages) k.free_swap_cache(p)
  k.release_pages(pages)
}

/**
 * A slot for an anonymous page, which joins the cache; false: there is none. A huge page is split first, and its tails
 * are added to `list`. Caller holds the page lock and has the page off the LRU.
 */
export function add_to_swap(p: Page, list: Page[]): boolean {
  VM_BUG_ON_PAGE(!PageLocked(p), p, '!PageLocked(page)')
  const entry = k.get_swap_page()
  if (entry === 0) return false
  if (PageTransHuge(p)) {
    if (k.split_huge_page_to_list(p) !== 0) {
      k.swapcache_free(entry)
      return false
    }
    isolateTails(p, list)
  }
  k.__add_to_swap_cache(p, entry)
  return true
}

/**
 * The pages that were tails of `p`: the kernel's split adds them to the list itself, here they come by way of the LRU.
 */
function isolateTails(p: Page, list: Page[]): void {
  for (let i = 1; i < HPAGE_PMD_NR; i++) {
    const t = subpage(p, i)
    if (!get_page_unless_zero(t)) continue
    if (k.isolate_lru_page(t) === 0) {
      ClearPageActive(t)
      list.push(t)
    }
    put_page(t)
  }
}
