// What munlock asks of everybody who maps a page (mm/rmap.c, v4.5): does a locked vma map it, too?
//
// Only maps by PTE are seen: page_check_address does not look into a huge PMD.

import { k } from '../kernel.ts'
import { spin_unlock, test_bit } from '../ops.ts'
import { rd } from '../store.ts'
import { type Mm, NULL, type Page, VM_LOCKED, type Vma, vm_area } from './mm_types.ts'
import { PageAnon, PageLocked, PageLRU, page_mapped, VM_BUG_ON_PAGE } from './page-flags.ts'
import { SWAP_AGAIN, SWAP_MLOCK } from './rmap_unmap.ts'
import { __vma_address, anon_vma_interval_tree_foreach, page_check_address, page_to_pgoff } from './rmap_walk.ts'

/**
 * try_to_unmap_one with TTU_MUNLOCK: a locked vma that maps the page flags it again. VM_LOCKED is looked at under the
 * PTE lock; that vma's mmap_sem is not needed (b87537d9e2fe).
 */
export function try_to_munlock_one(p: Page, vma: Vma, addr: number): number {
  if (!test_bit(vma + vm_area.vm_flags, VM_LOCKED)) return SWAP_AGAIN
  const found = page_check_address(p, rd(vma + vm_area.vm_mm) as Mm, addr)
  if (found === undefined) return SWAP_AGAIN
  let ret = SWAP_AGAIN
  if (test_bit(vma + vm_area.vm_flags, VM_LOCKED)) {
    k.mlock_vma_page(p)
    ret = SWAP_MLOCK
  }
  spin_unlock(found.ptl)
  return ret
}

/** SWAP_MLOCK: another locked vma maps the page. Caller holds the page lock and has the page off the LRU. */
export function try_to_munlock(p: Page): number {
  VM_BUG_ON_PAGE(!PageLocked(p) || PageLRU(p), p, '!PageLocked(page) || PageLRU(page)')
  if (!PageAnon(p)) {
    let found = SWAP_AGAIN
    k.rmap_walk_file(p, (vma, addr) => {
      found = k.try_to_munlock_one(p, vma, addr)
      return found === SWAP_AGAIN
    })
    return found
  }
  const av = k.page_lock_anon_vma_read(p)
  if (av === NULL) return SWAP_AGAIN
  const pgoff = page_to_pgoff(p)
  let ret = SWAP_AGAIN
  anon_vma_interval_tree_foreach(av, pgoff, pgoff, vma => {
    ret = k.try_to_munlock_one(p, vma, __vma_address(pgoff, vma))
    return ret === SWAP_AGAIN && page_mapped(p)
  })
  k.page_unlock_anon_vma_read(av)
  return ret
}
