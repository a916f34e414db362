// Taking a page out of every page table (mm/rmap.c try_to_unmap, v4.5), as migration asks for it: entries of its own
// stand for the page meanwhile. Where its memory has failed, they stand for good.

import { k } from '../kernel.ts'
import { spin_unlock, test_bit } from '../ops.ts'
import { rd } from '../store.ts'
import { add_anon_rss } from './memory.ts'
import { type Mm, NULL, type Page, type Pte, VM_STACK_INCOMPLETE_SETUP, type Vma, vm_area } from './mm_types.ts'
import { PageHWPoison, PageTransHuge, page_mapped, put_page, SetPageDirty, VM_BUG_ON_PAGE } from './page-flags.ts'
import { DIRTY, pte_write, SOFT_DIRTY, set_pte } from './pgtable.ts'
import { __vma_address, anon_vma_interval_tree_foreach, page_check_address, page_to_pgoff } from './rmap_walk.ts'
import { make_hwpoison_entry, make_migration_entry } from './swapops.ts'

/** What for (enum ttu_flags of include/linux/rmap.h): to swap the page out, or to move it. */
export const TTU_UNMAP = 1
export const TTU_MIGRATION = 2
/** Look at each entry under its lock. It came with v5.13. */
export const TTU_SYNC = 4

/**
 * The entry of one vma. Caller holds the page lock and the anon_vma. Returns false where the entry had to stay (SWAP_FAIL):
 * a page that is neither lost nor to be moved would have to be in the swap cache.
 */
export function try_to_unmap_one(p: Page, vma: Vma, addr: number, flags: number): boolean {
  const found = page_check_address(p, rd(vma + vm_area.vm_mm) as Mm, addr, (flags & TTU_SYNC) !== 0)
  if (found === undefined) return true
  const { pte, ptl } = found
  const entry = rd(pte) as Pte
  set_pte(pte, 0 as Pte)
  if (entry & DIRTY) SetPageDirty(p)
  const unmapped = unmappedEntry(p, vma, entry, flags)
  set_pte(pte, unmapped ?? entry)
  if (unmapped !== undefined) {
    k.page_remove_rmap(p, false, vma)
    put_page(p)
  }
  spin_unlock(ptl)
  return unmapped !== undefined
}

/** What stands for the page from now on. Caller holds the PTE lock. */
export function unmappedEntry(p: Page, vma: Vma, entry: Pte, flags: number): Pte | undefined {
  if (PageHWPoison(p)) {
    add_anon_rss(rd(vma + vm_area.vm_mm) as Mm, -1)
    return make_hwpoison_entry(p)
  }
  if (flags & TTU_MIGRATION) return (make_migration_entry(p, pte_write(entry)) | (entry & SOFT_DIRTY)) as Pte
  // Without CONFIG_DEBUG_VM swap_duplicate refuses what stands in its private field.
  VM_BUG_ON_PAGE(true, p, '!PageSwapCache(page)')
  return undefined
}

/**
 * Whether what a vma maps must not move: the stack of an execve that is still being set up (is_vma_temporary_stack). Its
 * entries are moved without the anon_vma, so that a migration entry could be missed.
 */
export const invalid_migration_vma = (vma: Vma): boolean => test_bit(vma + vm_area.vm_flags, VM_STACK_INCOMPLETE_SETUP)

/** Of a base page, with TTU_IGNORE_MLOCK and TTU_IGNORE_ACCESS. Caller holds the page lock and a reference. */
export function try_to_unmap(p: Page, flags: number): void {
  VM_BUG_ON_PAGE(PageTransHuge(p), p, '!PageHuge(page) && PageTransHuge(page)')
  const av = k.page_lock_anon_vma_read(p)
  if (av === NULL) return
  const pgoff = page_to_pgoff(p)
  anon_vma_interval_tree_foreach(av, pgoff, pgoff, vma => {
    if (flags & TTU_MIGRATION && k.invalid_migration_vma(vma)) return true
    return k.try_to_unmap_one(p, vma, __vma_address(pgoff, vma), flags) && page_mapped(p)
  })
  k.page_unlock_anon_vma_read(av)
}
