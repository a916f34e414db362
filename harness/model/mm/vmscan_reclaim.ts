// Reclaim of anonymous pages and of tmpfs (mm/vmscan.c, v4.5): a page gets a slot of the swap area, every entry that
// maps it becomes a swap entry, it is written, and goes if nobody has asked for it meanwhile.
//
// As MADV_PAGEOUT and memory pressure find it once a page was not used for long: whether it was (page_check_references)
// is not asked.

import { BUG_ON } from '../bug.ts'
import { k } from '../kernel.ts'
import { spin_lock, spin_unlock } from '../ops.ts'
import { __delete_from_page_cache } from './filemap.ts'
import { address_space } from './interval_tree.ts'
import { type AddressSpace, NULL, type Page } from './mm_types.ts'
import { free_pages } from './page_alloc.ts'
import {
  ClearPageActive,
  ClearPageReclaim,
  get_page_unless_zero,
  PageAnon,
  PageDirty,
  PageSwapCache,
  PageUnevictable,
  PageWriteback,
  page_count,
  page_freeze_refs,
  page_mapped,
  page_swap_entry,
  page_unfreeze_refs,
  put_page,
  SetPageActive,
  SetPageReclaim,
  TestClearPageDirty,
  trylock_page,
  unlock_page,
} from './page-flags.ts'
import { SWAP_AGAIN, SWAP_FAIL, SWAP_MLOCK, TTU_LZFREE, TTU_UNMAP } from './rmap_unmap.ts'
import { AOP_WRITEPAGE_ACTIVATE } from './shmem_swap.ts'
import { swapper_space } from './swap_state.ts'
import { vm_swap_full } from './swapfile_map.ts'
import { page_mapping } from './util.ts'
import { page_evictable } from './vmscan.ts'
import { count_vm_event, mod_zone_page_state, NR_ISOLATED_ANON, NR_VMSCAN_WRITE, PGLAZYFREED } from './vmstat.ts'

/** What whoever reclaims wants (struct scan_control). */
export interface ScanControl {
  /** The device does not finish its writes until it is told to. */
  readonly inFlight: boolean
}

/** What becomes of a page: the labels of shrink_page_list. */
const FREE = 0
const CULL_MLOCKED = 1
const ACTIVATE_LOCKED = 2
const KEEP_LOCKED = 3
const KEEP = 4

/**
 * Reclaims pages that are off the LRU; those that stay are returned. Drops the reference of the isolation of the
 * others.
 */
export function shrink_page_list(page_list: Page[], sc: ScanControl): Page[] {
  const ret_pages: Page[] = []
  const free: Page[] = []
  for (let p = page_list.shift(); p !== undefined; p = page_list.shift()) {
    const fate = trylock_page(p) ? k.shrinkLockedPage(p, page_list, sc) : KEEP
    if (fate === FREE) {
      free.push(p)
      continue
    }
    if (fate === CULL_MLOCKED && PageSwapCache(p)) k.try_to_free_swap(p)
    if (fate === ACTIVATE_LOCKED) {
      // Not a candidate for swapping, so its slot may serve another.
      if (PageSwapCache(p) && vm_swap_full()) k.try_to_free_swap(p)
      SetPageActive(p)
    }
    if (fate !== KEEP) unlock_page(p)
    ret_pages.push(p)
  }
  // free_hot_cold_page_list
  for (const p of free) free_pages(p)
  return ret_pages
}

/** One page of shrink_page_list, which is unlocked then if its fate is FREE or KEEP. Caller holds the page lock. */
export function shrinkLockedPage(p: Page, page_list: Page[], sc: ScanControl): number {
  if (!page_evictable(p)) return CULL_MLOCKED
  if (PageWriteback(p)) {
    SetPageReclaim(p)
    return KEEP_LOCKED
  }
  // Of MADV_FREE, if it was not written to since.
  const lazyfree = PageAnon(p) && !PageSwapCache(p)
  if (lazyfree && !k.add_to_swap(p, page_list)) return ACTIVATE_LOCKED
  let mapping = page_mapping(p)
  if (page_mapped(p) && mapping !== NULL) {
    const ret = k.try_to_unmap(p, lazyfree ? TTU_UNMAP | TTU_LZFREE : TTU_UNMAP)
    if (ret === SWAP_FAIL) return ACTIVATE_LOCKED
    if (ret === SWAP_AGAIN) return KEEP_LOCKED
    if (ret === SWAP_MLOCK) return CULL_MLOCKED
    if (lazyfree && !PageDirty(p)) count_vm_event(PGLAZYFREED)
  }
  if (PageDirty(p)) {
    const out = k.pageout(p, mapping, sc)
    if (out === PAGE_KEEP) return KEEP_LOCKED
    if (out === PAGE_ACTIVATE) return ACTIVATE_LOCKED
    if (out === PAGE_SUCCESS) {
      if (PageWriteback(p) || PageDirty(p)) return KEEP
      // It was written at once: a RAM disk.
      if (!trylock_page(p)) return KEEP
      if (PageDirty(p) || PageWriteback(p)) return KEEP_LOCKED
      mapping = page_mapping(p)
    }
  }
  if (mapping === NULL || !k.__remove_mapping(mapping, p)) return KEEP_LOCKED
  // Nobody else has it (__clear_page_locked).
  unlock_page(p)
  return FREE
}

/** What pageout answers (pageout_t): the page stays, is of use after all, is being written, or need not be. */
const PAGE_KEEP = 0
const PAGE_ACTIVATE = 1
const PAGE_SUCCESS = 2
const PAGE_CLEAN = 3

/** Writes a dirty page. Caller holds the page lock, which goes with PAGE_SUCCESS. */
export function pageout(p: Page, mapping: AddressSpace, sc: ScanControl): number {
  // is_page_cache_freeable: the isolation and the cache, or somebody is using it.
  if (page_count(p) !== 2 || mapping === NULL) return PAGE_KEEP
  // clear_page_dirty_for_io
  if (!TestClearPageDirty(p)) return PAGE_CLEAN
  SetPageReclaim(p)
  if (mapping !== swapper_space) {
    if (k.shmem_writepage(p, sc.inFlight) === AOP_WRITEPAGE_ACTIVATE) {
      ClearPageReclaim(p)
      return PAGE_ACTIVATE
    }
  } else k.swap_writepage(p, sc.inFlight)
  // Done already, or a broken device.
  if (!PageWriteback(p)) ClearPageReclaim(p)
  count_vm_event(NR_VMSCAN_WRITE)
  return PAGE_SUCCESS
}

/**
 * Takes a page out of the swap cache, or out of its file, that nobody else has, and nobody has written to. Caller holds
 * the page lock.
 */
export function __remove_mapping(mapping: AddressSpace, p: Page): boolean {
  BUG_ON(mapping !== page_mapping(p), 'mapping != page_mapping(page)')
  spin_lock(mapping + address_space.tree_lock)
  // The order counts: whoever has the page sets it dirty and then drops his reference.
  const frozen = page_freeze_refs(p, 2)
  if (!frozen || PageDirty(p)) {
    if (frozen) page_unfreeze_refs(p, 2)
    spin_unlock(mapping + address_space.tree_lock)
    return false
  }
  if (!PageSwapCache(p)) {
    __delete_from_page_cache(p)
    spin_unlock(mapping + address_space.tree_lock)
    return true
  }
  const swap = page_swap_entry(p)
  k.__delete_from_swap_cache(p)
  spin_unlock(mapping + address_space.tree_lock)
  k.swapcache_free(swap)
  return true
}

/** reclaim_pages (v5.4): takes pages off the LRU, and reclaims what can be. What cannot is put back. */
export function reclaim_pages(pages: Iterable<Page>, sc: ScanControl): void {
  const list: Page[] = []
  for (const p of pages) {
    // As __isolate_lru_page: who comes by a physical address has no reference, and the page may be free.
    if (!get_page_unless_zero(p)) continue
    const isolated = k.isolate_lru_page(p) === 0
    put_page(p)
    if (!isolated) continue
    if (PageUnevictable(p)) {
      k.putback_lru_page(p)
      continue
    }
    ClearPageActive(p)
    list.push(p)
  }
  const taken = list.length
  mod_zone_page_state(NR_ISOLATED_ANON, taken)
  for (const p of k.shrink_page_list(list, sc)) k.putback_lru_page(p)
  mod_zone_page_state(NR_ISOLATED_ANON, -taken)
}
