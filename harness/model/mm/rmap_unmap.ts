// Taking a page out of every page table (mm/rmap.c try_to_unmap, v4.5): for migration entries of its own stand for the
// page meanwhile, and for reclaim swap entries. Where its memory has failed, they stand for good.

import { k } from '../kernel.ts'
import { spin_unlock, test_bit } from '../ops.ts'
import { rd } from '../store.ts'
import { add_anon_rss } from './memory.ts'
import { add_mm_counter, add_shmem_rss } from './memory_file.ts'
import { add_swap_ents } from './memory_swap.ts'
import {
  type Mm,
  NULL,
  type Page,
  type Pte,
  type Swp,
  VM_LOCKED,
  VM_STACK_INCOMPLETE_SETUP,
  type Vma,
  vm_area,
} from './mm_types.ts'
import { mmlistAdd, mmlistEmpty } from './mmlist.ts'
import {
  PageAnon,
  PageDirty,
  PageHWPoison,
  PageSwapCache,
  PageTransHuge,
  page_mapped,
  page_swap_entry,
  put_page,
  SetPageDirty,
  VM_BUG_ON_PAGE,
} from './page-flags.ts'
import { DIRTY, pte_write, ptep_clear_flush, SOFT_DIRTY, set_pte } from './pgtable.ts'
import { __vma_address, anon_vma_interval_tree_foreach, page_check_address, page_to_pgoff } from './rmap_walk.ts'
import { make_hwpoison_entry, make_migration_entry, swp_entry_to_pte } from './swapops.ts'

/** What for (enum ttu_flags of include/linux/rmap.h): to swap the page out, or to move it. */
export const TTU_UNMAP = 1
export const TTU_MIGRATION = 2
/** Look at each entry under its lock. It came with v5.13. */
export const TTU_SYNC = 4
/** Also where a vma is locked. */
export const TTU_IGNORE_MLOCK = 8

/** Of a page that has failed the entries become what they would be if it had not. */
export const TTU_IGNORE_HWPOISON = 16

/** MADV_FREE: a page that was not written to since is nobody's loss. It came with v4.5. */
export const TTU_LZFREE = 32

/** What came of it: all entries are gone, some may be left, one had to stay, or a vma is locked. */
export const SWAP_SUCCESS = 0
export const SWAP_AGAIN = 1
export const SWAP_FAIL = 2
export const SWAP_MLOCK = 3

/** The entry of one vma: SWAP_AGAIN if it is gone. Caller holds the page lock and the anon_vma. */
export function try_to_unmap_one(p: Page, vma: Vma, addr: number, flags: number): number {
  const found = page_check_address(p, rd(vma + vm_area.vm_mm) as Mm, addr, (flags & TTU_SYNC) !== 0)
  if (found === undefined) return SWAP_AGAIN
  const { pte, ptl } = found
  if (!(flags & TTU_IGNORE_MLOCK) && test_bit(vma + vm_area.vm_flags, VM_LOCKED)) {
    // Under the PTE lock mmap_sem is not needed.
    k.mlock_vma_page(p)
    spin_unlock(ptl)
    return SWAP_MLOCK
  }
  const entry = ptep_clear_flush(pte)
  if (entry & DIRTY) SetPageDirty(p)
  const unmapped = k.unmappedEntry(p, vma, entry, flags)
  set_pte(pte, unmapped ?? entry)
  if (unmapped !== undefined) {
    k.page_remove_rmap(p, false, vma)
    put_page(p)
  }
  spin_unlock(ptl)
  return unmapped === undefined ? SWAP_FAIL : SWAP_AGAIN
}

/**
 * What stands for the page from now on; undefined: the entry has to stay. Caller holds the PTE lock and the page lock.
 */
export function unmappedEntry(p: Page, vma: Vma, entry: Pte, flags: number): Pte | undefined {
  const mm = rd(vma + vm_area.vm_mm) as Mm
  if (PageHWPoison(p) && !(flags & TTU_IGNORE_HWPOISON)) {
    add_mm_counter(mm, p, -1)
    return make_hwpoison_entry(p)
  }
  if (flags & TTU_MIGRATION) return (make_migration_entry(p, pte_write(entry)) | (entry & SOFT_DIRTY)) as Pte
  // The file knows where it is.
  if (!PageAnon(p)) {
    add_shmem_rss(mm, -1)
    return 0 as Pte
  }
  return k.swapEntryFor(p, mm, entry, flags)
}

/**
 * A swap entry, for a page that is in the swap cache, or none (TTU_LZFREE). Caller holds the PTE lock and the page
 * lock.
 */
export function swapEntryFor(p: Page, mm: Mm, entry: Pte, flags: number): Pte | undefined {
  VM_BUG_ON_PAGE(!PageSwapCache(p), p, '!PageSwapCache(page)')
  if (flags & TTU_LZFREE && !PageDirty(p)) {
    add_anon_rss(mm, -1)
    return 0 as Pte
  }
  // Of a page that is not there its private field is 0, which swap_duplicate refuses.
  const swap = PageSwapCache(p) ? page_swap_entry(p) : (0 as Swp)
  if (k.swap_duplicate(swap) < 0) return undefined
  if (mmlistEmpty(mm)) mmlistAdd(mm)
  add_anon_rss(mm, -1)
  add_swap_ents(mm, 1)
  return (swp_entry_to_pte(swap) | (entry & SOFT_DIRTY)) as Pte
}

/**
 * Whether what a vma maps must not move: the stack of an execve that is still being set up (is_vma_temporary_stack).
 * Its entries are moved without the anon_vma, so that a migration entry could be missed.
 */
export const invalid_migration_vma = (vma: Vma): boolean => test_bit(vma + vm_area.vm_flags, VM_STACK_INCOMPLETE_SETUP)

/** Of a base page, with TTU_IGNORE_ACCESS. Caller holds the page lock and a reference. */
export function try_to_unmap(p: Page, flags: number): number {
  VM_BUG_ON_PAGE(PageTransHuge(p), p, '!PageHuge(page) && PageTransHuge(page)')
  let ret = SWAP_AGAIN
  if (!PageAnon(p)) {
    k.rmap_walk_file(p, (vma, addr) => {
      ret = k.try_to_unmap_one(p, vma, addr, flags)
      return ret === SWAP_AGAIN && page_mapped(p)
    })
    return ret !== SWAP_MLOCK && !page_mapped(p) ? SWAP_SUCCESS : ret
  }
  const av = k.page_lock_anon_vma_read(p)
  if (av !== NULL) {
    const pgoff = page_to_pgoff(p)
    anon_vma_interval_tree_foreach(av, pgoff, pgoff, vma => {
      if (flags & TTU_MIGRATION && k.invalid_migration_vma(vma)) return true
      ret = k.try_to_unmap_one(p, vma, __vma_address(pgoff, vma), flags)
      return ret === SWAP_AGAIN && page_mapped(p)
    })
    k.page_unlock_anon_vma_read(av)
  }
  return ret !== SWAP_MLOCK && !page_mapped(p) ? SWAP_SUCCESS : ret
}
