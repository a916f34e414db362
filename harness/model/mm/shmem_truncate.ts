// Pages of tmpfs going away (mm/shmem.c and mm/truncate.c, v4.5): those of a truncation, of a hole, of a fallocate that
// did not get all its memory, and with the end of the file.

import { free_inode, i_data, i_size_read, i_size_write } from '../fs/inode.ts'
import { k } from '../kernel.ts'
import { READ_ONCE } from '../ops.ts'
import { rd } from '../store.ts'
import {
  delete_from_page_cache,
  type Entry,
  find_get_entries,
  freePageTree,
  radix_tree_exceptional_entry,
} from './filemap.ts'
import { TO_END } from './hugetlb_region.ts'
import { type AddressSpace, type Inode, NULL, type Page, page as struct_page } from './mm_types.ts'
import {
  ClearPageDirty,
  lock_page,
  PageDirty,
  PageUptodate,
  PageWriteback,
  page_mapped,
  page_unfreeze_refs,
  trylock_page,
  unlock_page,
} from './page-flags.ts'
import { forgetSwapped, leaveSwaplist } from './shmem_swap.ts'
import { PAGEVEC_SIZE } from './swap.ts'
import { page_mapping } from './util.ts'

/** mm/truncate.c: a page leaves its file, and every page table first. Caller holds the page lock. */
export function truncate_inode_page(mapping: AddressSpace, page: Page): void {
  if (page_mapped(page)) {
    const index = rd(page + struct_page.index)
    k.unmap_mapping_range(mapping, index, index + 1, false)
  }
  ClearPageDirty(page)
  delete_from_page_cache(page)
}

/**
 * mm/truncate.c: a page leaves its file that nobody maps, and nobody has written to; says whether it did. Caller holds
 * the page lock.
 */
export function invalidate_inode_page(page: Page): boolean {
  const mapping = page_mapping(page)
  if (mapping === NULL || PageDirty(page) || PageWriteback(page) || page_mapped(page)) return false
  // invalidate_complete_page: not of the swap cache.
  if (READ_ONCE(page + struct_page.mapping) !== mapping || !k.__remove_mapping(mapping, page)) return false
  page_unfreeze_refs(page, 1)
  return true
}

/**
 * Takes the pages from `start` to `end` out of a file: first those whose lock is to be had, then the others, which are
 * waited for. To its end (TO_END) until there are none; in a hole one may be back. With `unfalloc` only those that are
 * new, and that nobody has used.
 */
export function shmem_undo_range(inode: Inode, start: number, end: number, unfalloc: boolean): void {
  const mapping = i_data(inode)
  let nr_swaps_freed = 0
  for (let index = start; index < end; ) {
    const pvec = find_get_entries(mapping, index, end, PAGEVEC_SIZE)
    if (pvec.length === 0) break
    for (const { index: i, entry: page } of pvec) {
      if (radix_tree_exceptional_entry(page)) {
        if (!unfalloc && k.shmem_free_swap(mapping, i, page) === 0) nr_swaps_freed++
        continue
      }
      if (!trylock_page(page)) continue
      if (!unfalloc || !PageUptodate(page)) truncateLocked(mapping, page)
      unlock_page(page)
    }
    release(pvec)
    index = pvec.at(-1)!.index + 1
  }
  for (let index = start; index < end; ) {
    const pvec = find_get_entries(mapping, index, end, PAGEVEC_SIZE)
    if (pvec.length === 0) {
      if (index === start || end !== TO_END) break
      index = start
      continue
    }
    for (const { index: i, entry: page } of pvec) {
      index = i
      if (radix_tree_exceptional_entry(page)) {
        if (unfalloc) continue
        if (k.shmem_free_swap(mapping, i, page) !== 0) {
          // A page has taken its place: again.
          index--
          break
        }
        nr_swaps_freed++
        continue
      }
      lock_page(page)
      const gone = (unfalloc && PageUptodate(page)) || truncateLocked(mapping, page)
      unlock_page(page)
      if (gone) continue
      // It was swapped out: again.
      index--
      break
    }
    release(pvec)
    index++
  }
  forgetSwapped(inode, nr_swaps_freed)
}

/** Unless it has left the file meanwhile. */
function truncateLocked(mapping: AddressSpace, page: Page): boolean {
  const there = READ_ONCE(page + struct_page.mapping) === mapping
  if (there) k.truncate_inode_page(mapping, page)
  return there
}

function release(pvec: readonly Entry[]): void {
  k.pagevec_release(pvec.map(({ entry }) => entry).filter(entry => !radix_tree_exceptional_entry(entry)))
}

/** ftruncate(2), `size` in base pages; to the size that it has, what lies beyond goes. Caller holds i_mutex. */
export function shmem_setattr(inode: Inode, size: number): number {
  const oldsize = i_size_read(inode)
  if (size !== oldsize) i_size_write(inode, size)
  if (size > oldsize) return 0
  if (size < oldsize) k.unmap_mapping_range(i_data(inode), size, TO_END, true)
  k.shmem_undo_range(inode, size, TO_END, false)
  // Private copies that faults have made meanwhile.
  if (size < oldsize) k.unmap_mapping_range(i_data(inode), size, TO_END, true)
  return 0
}

/** Nobody refers to the file any more. */
export function shmem_evict_inode(inode: Inode): void {
  k.shmem_undo_range(inode, 0, TO_END, false)
  leaveSwaplist(inode)
  freePageTree(i_data(inode))
  free_inode(inode)
}
