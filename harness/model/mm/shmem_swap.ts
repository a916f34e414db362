// Pages of tmpfs in swap (mm/shmem.c, v4.5). Reclaim moves a page from its file to the swap cache, and the file keeps
// in its place, as an exceptional entry, where it is. Nobody maps such a page, and it names neither a file nor an
// anon_vma.

import { BUG_ON } from '../bug.ts'
import { host, i_data, inode as struct_inode } from '../fs/inode.ts'
import { k } from '../kernel.ts'
import {
  down_write as mutex_lock,
  up_write as mutex_unlock,
  READ_ONCE,
  spin_lock,
  spin_unlock,
  WRITE_ONCE,
} from '../ops.ts'
import { rcu_read_lock, rcu_read_unlock } from '../rcu.ts'
import { rd, sbrk } from '../store.ts'
import { EEXIST, EIO, ENOENT, ENOMEM } from './errno.ts'
import {
  find_get_entry,
  find_swap_entry,
  radix_tree_delete_item,
  radix_tree_exceptional_entry,
  radix_tree_lookup,
  replaceByEntry,
} from './filemap.ts'
import { INIT_LIST_HEAD, list_add_tail, list_del, list_empty } from './list.ts'
import {
  type AddressSpace,
  type Inode,
  NULL,
  type Page,
  type Swp,
  page as struct_page,
  VM_FAULT_MAJOR,
} from './mm_types.ts'
import {
  lock_page,
  PageLocked,
  PageSwapCache,
  PageUptodate,
  page_cache_release,
  page_mapped,
  page_swap_entry,
  SetPageDirty,
  wait_on_page_writeback,
} from './page-flags.ts'
import { clear_highpage, type Got, unlockAndRelease } from './shmem.ts'
import { swap_info } from './swapfile_map.ts'

/** Files that have pages in swap, and the mutex that keeps them from going while swapoff looks at them. */
let shmem_swaplist_mutex = 0
let shmem_swaplist = 0
export function shmem_swap_init(): void {
  shmem_swaplist_mutex = sbrk(3)
  shmem_swaplist = shmem_swaplist_mutex + 1
  INIT_LIST_HEAD(shmem_swaplist)
}

/** include/linux/swapops.h */
export const swp_to_radix_entry = (entry: Swp): Page => ((entry << 2) | 2) as Page
export const radix_to_swp_entry = (entry: Page): Swp => (entry >>> 2) as Swp

const swaplist = (inode: Inode): number => inode + struct_inode.i_swaplist

/** info->swapped: how many pages of the file are in swap. */
function addSwapped(inode: Inode, n: number): void {
  spin_lock(inode + struct_inode.i_info_lock)
  WRITE_ONCE(inode + struct_inode.swapped, rd(inode + struct_inode.swapped) + n)
  spin_unlock(inode + struct_inode.i_info_lock)
}

// ---- out -----------------------------------------------------------------------------------------------------------

/** What a writepage answers that has not written, and has the page locked still. */
export const AOP_WRITEPAGE_ACTIVATE = 0x80000

/** Moves a page from its file to the swap cache, and writes it. Caller holds the page lock, which goes with 0. */
export function shmem_writepage(page: Page, inFlight: boolean): number {
  BUG_ON(!PageLocked(page), '!PageLocked(page)')
  const mapping = rd(page + struct_page.mapping) as AddressSpace
  const inode = host(mapping)
  if (READ_ONCE(swap_info.total_swap_pages) === 0) return redirty(page)
  if (!PageUptodate(page)) {
    if (k.isBeingFallocated(inode, page)) return redirty(page)
    // Nobody has used it yet: what is in swap has contents.
    clear_highpage(page)
  }
  const swap = k.get_swap_page()
  if (swap === 0) return redirty(page)
  mutex_lock(shmem_swaplist_mutex)
  // On the list before the page is in the cache, where swapoff finds it.
  if (list_empty(swaplist(inode))) list_add_tail(swaplist(inode), shmem_swaplist)
  k.__add_to_swap_cache(page, swap)
  addSwapped(inode, 1)
  k.swap_shmem_alloc(swap)
  k.shmem_delete_from_page_cache(page, swp_to_radix_entry(swap))
  mutex_unlock(shmem_swaplist_mutex)
  BUG_ON(page_mapped(page), 'page_mapped(page)')
  k.swap_writepage(page, inFlight)
  return 0
}

function redirty(page: Page): number {
  SetPageDirty(page)
  return AOP_WRITEPAGE_ACTIVATE
}

/** The page leaves its file, and `radswap` takes its place there. Caller holds the page lock. */
export function shmem_delete_from_page_cache(page: Page, radswap: Page): void {
  replaceByEntry(rd(page + struct_page.mapping) as AddressSpace, page, radswap)
  page_cache_release(page)
}

// ---- in ------------------------------------------------------------------------------------------------------------

/** Whether the file still has it there. */
function shmem_confirm_swap(mapping: AddressSpace, index: number, radswap: Page): boolean {
  rcu_read_lock()
  const now = radix_tree_lookup(mapping, index)
  rcu_read_unlock()
  return now === radswap
}

/**
 * The part of shmem_getpage about a page in swap: it comes back into the file, with a reference and locked. -EEXIST:
 * the file has something else there by now, so look again. May sleep.
 */
export function shmemSwapin(inode: Inode, index: number, radswap: Page): Got {
  const mapping = i_data(inode)
  const swap = radix_to_swp_entry(radswap)
  let page = k.lookup_swap_cache(swap)
  const fault_type = page === NULL ? VM_FAULT_MAJOR : 0
  if (page === NULL) page = k.swapin_readahead(swap)
  if (page === NULL) return { page, error: shmem_confirm_swap(mapping, index, radswap) ? -ENOMEM : -EEXIST, fault_type }
  // With the page locked, against races.
  lock_page(page)
  const same = PageSwapCache(page) && page_swap_entry(page) === swap
  if (!same || !shmem_confirm_swap(mapping, index, radswap)) return giveUp(page, fault_type)
  // Its memory has failed.
  if (!PageUptodate(page)) {
    unlockAndRelease(page)
    return { page: NULL, error: -EIO, fault_type }
  }
  wait_on_page_writeback(page)
  if (k.shmem_add_to_page_cache(page, mapping, index, radswap) !== 0) {
    // Truncation frees what is in swap without the page lock: it was here, and left the cache to us.
    k.delete_from_swap_cache(page)
    return giveUp(page, fault_type)
  }
  addSwapped(inode, -1)
  k.delete_from_swap_cache(page)
  SetPageDirty(page)
  k.swap_free(swap)
  return { page, error: 0, fault_type }
}

function giveUp(page: Page, fault_type: number): Got {
  unlockAndRelease(page)
  return { page: NULL, error: -EEXIST, fault_type }
}

/** MADV_WILLNEED: what is in swap of start..end of a file comes back into the swap cache. */
export function force_shm_swapin_readahead(mapping: AddressSpace, start: number, end: number): void {
  for (let index = start; index < end; index++) {
    const entry = find_get_entry(mapping, index)
    const page = radix_tree_exceptional_entry(entry) ? k.read_swap_cache_async(radix_to_swp_entry(entry)) : entry
    if (page !== NULL) page_cache_release(page)
  }
  k.lru_add_drain()
}

// ---- away ----------------------------------------------------------------------------------------------------------

/** What is in swap of a file that is truncated is free. 0, or -ENOENT: it has come back meanwhile. */
export function shmem_free_swap(mapping: AddressSpace, index: number, radswap: Page): number {
  if (!radix_tree_delete_item(mapping, index, radswap)) return -ENOENT
  k.free_swap_and_cache(radix_to_swp_entry(radswap))
  return 0
}

/** The end of shmem_undo_range: so many entries were freed. */
export const forgetSwapped = (inode: Inode, freed: number): void => {
  if (freed !== 0) addSwapped(inode, -freed)
}

/** The end of shmem_evict_inode: swapoff does not look here any more. */
export function leaveSwaplist(inode: Inode): void {
  if (READ_ONCE(swaplist(inode)) === swaplist(inode)) return
  mutex_lock(shmem_swaplist_mutex)
  list_del(swaplist(inode))
  mutex_unlock(shmem_swaplist_mutex)
}

/**
 * swapoff: the page of a slot goes back to the file that has it. Caller holds the page lock and a reference, which both
 * go. 0, also where no file has it any more.
 */
export function shmem_unuse(swap: Swp, page: Page): number {
  // It may have been replaced before it was locked: the caller comes again.
  if (PageSwapCache(page) && page_swap_entry(page) === swap) {
    mutex_lock(shmem_swaplist_mutex)
    for (let at = rd(shmem_swaplist), next = 0; at !== shmem_swaplist; at = next) {
      next = rd(at)
      const inode = (at - struct_inode.i_swaplist) as Inode
      if (READ_ONCE(inode + struct_inode.swapped) === 0) list_del(at)
      else if (k.shmem_unuse_inode(inode, swap, page)) break
    }
    mutex_unlock(shmem_swaplist_mutex)
  }
  unlockAndRelease(page)
  return 0
}

/** Whether the file had it. Caller holds the page lock and shmem_swaplist_mutex, which keeps the file. */
export function shmem_unuse_inode(inode: Inode, swap: Swp, page: Page): boolean {
  const radswap = swp_to_radix_entry(swap)
  const index = find_swap_entry(i_data(inode), radswap)
  if (index === -1) return false
  const error = k.shmem_add_to_page_cache(page, i_data(inode), index, radswap)
  // Also where truncation was first: it only tries the page lock.
  k.delete_from_swap_cache(page)
  SetPageDirty(page)
  if (error === 0) {
    addSwapped(inode, -1)
    k.swap_free(swap)
  }
  return true
}
