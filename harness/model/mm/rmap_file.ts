// Reverse mapping of file pages (mm/rmap.c, v4.5): the file knows who maps it, and NR_FILE_MAPPED how many of its pages
// somebody maps. Counts change under the page table lock of the entry.

import { k } from '../kernel.ts'
import { atomic_add_negative, atomic_inc_and_test, READ_ONCE } from '../ops.ts'
import { i_mmap_lock_read, i_mmap_unlock_read, vma_interval_tree_foreach_while } from './interval_tree.ts'
import { type AddressSpace, type Page, page, type Vma } from './mm_types.ts'
import { _mapcount, PageLocked, PageMlocked, VM_BUG_ON_PAGE } from './page-flags.ts'
import { __vma_address, page_to_pgoff } from './rmap_walk.ts'
import { mod_zone_page_state, NR_FILE_MAPPED } from './vmstat.ts'

/**
 * One more map of a page of a file. Releases before v5.18 take no notice of the vma. Caller holds the page table lock.
 */
export function page_add_file_rmap(p: Page, _vma: Vma): void {
  if (atomic_inc_and_test(_mapcount(p))) mod_zone_page_state(NR_FILE_MAPPED, 1)
}

/**
 * One map less; of v4.5 to the last one belongs that the page is not mlocked any more. Caller holds the page table
 * lock.
 */
export function page_remove_file_rmap(p: Page): void {
  if (!atomic_add_negative(-1, _mapcount(p))) return
  mod_zone_page_state(NR_FILE_MAPPED, -1)
  if (PageMlocked(p)) k.clear_page_mlock(p)
}

/**
 * Visits every place where a page of a file may be mapped, until `visit` says no. The page lock, which the caller
 * holds, keeps the page in its file, and the file there.
 */
export function rmap_walk_file(p: Page, visit: (vma: Vma, addr: number) => boolean): void {
  VM_BUG_ON_PAGE(!PageLocked(p), p, '!PageLocked(page)')
  // page_mapping: of a page in the swap cache it is not the file's, and nobody maps it there.
  const mapping = READ_ONCE(p + page.mapping) as AddressSpace
  if (mapping === 0) return
  const pgoff = page_to_pgoff(p)
  i_mmap_lock_read(mapping)
  vma_interval_tree_foreach_while(mapping, pgoff, pgoff, vma => visit(vma, __vma_address(pgoff, vma)))
  i_mmap_unlock_read(mapping)
}
