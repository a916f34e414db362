// Pages of tmpfs going away (mm/shmem.c and mm/truncate.c, v4.5): truncation, punched holes, and the end of the file.

import { free_inode, i_data, i_mutex, i_size_read, i_size_write } from '../fs/inode.ts'
import { k } from '../kernel.ts'
import { down_write as mutex_lock, up_write as mutex_unlock, READ_ONCE } from '../ops.ts'
import { rd } from '../store.ts'
import {
  delete_from_page_cache,
  type Entry,
  find_get_entries,
  freePageTree,
  radix_tree_exceptional_entry,
} from './filemap.ts'
import { TO_END } from './hugetlb_region.ts'
import { type AddressSpace, type Inode, type Page, page as struct_page } from './mm_types.ts'
import { ClearPageDirty, lock_page, page_mapped, trylock_page, unlock_page } from './page-flags.ts'
import { forgetSwapped, leaveSwaplist } from './shmem_swap.ts'
import { PAGEVEC_SIZE } from './swap.ts'

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
 * Takes the pages from `start` to `end` out of a file: first those whose lock is to be had, then the others, which are
 * waited for. To its end (TO_END) until there are none; in a hole one may be back.
 */
export function shmem_undo_range(inode: Inode, start: number, end: number): void {
  const mapping = i_data(inode)
  let nr_swaps_freed = 0
  for (let index = start; index < end; ) {
    const pvec = find_get_entries(mapping, index, end, PAGEVEC_SIZE)
    if (pvec.length === 0) break
    for (const { index: i, entry: page } of pvec) {
      if (radix_tree_exceptional_entry(page)) {
        if (k.shmem_free_swap(mapping, i, page) === 0) nr_swaps_freed++
        continue
      }
      if (!trylock_page(page)) continue
      truncateLocked(mapping, page)
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
    index = pvec.at(-1)!.index + 1
    for (const { index: i, entry: page } of pvec) {
      if (radix_tree_exceptional_entry(page)) {
        if (k.shmem_free_swap(mapping, i, page) === 0) nr_swaps_freed++
        // A page has taken its place: again.
        else index = Math.min(index, i)
        continue
      }
      lock_page(page)
      // Or it was swapped out: again.
      if (!truncateLocked(mapping, page)) index = Math.min(index, i)
      unlock_page(page)
    }
    release(pvec)
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

/** ftruncate(2), `size` in base pages. Caller holds i_mutex. */
export function shmem_setattr(inode: Inode, size: number): number {
  const oldsize = i_size_read(inode)
  if (size !== oldsize) i_size_write(inode, size)
  if (size >= oldsize) return 0
  k.unmap_mapping_range(i_data(inode), size, TO_END, true)
  k.shmem_undo_range(inode, size, TO_END)
  // Private copies that faults have made meanwhile.
  k.unmap_mapping_range(i_data(inode), size, TO_END, true)
  return 0
}

/** FALLOC_FL_PUNCH_HOLE of base pages offset..offset+len; private copies stay. Takes i_mutex. */
export function shmem_punch_hole(inode: Inode, offset: number, len: number): number {
  mutex_lock(i_mutex(inode))
  k.unmap_mapping_range(i_data(inode), offset, offset + len, false)
  k.shmem_undo_range(inode, offset, offset + len)
  mutex_unlock(i_mutex(inode))
  return 0
}

/** Nobody refers to the file any more. */
export function shmem_evict_inode(inode: Inode): void {
  k.shmem_undo_range(inode, 0, TO_END)
  leaveSwaplist(inode)
  freePageTree(i_data(inode))
  free_inode(inode)
}
