// Taking a page out of every page table (mm/rmap.c try_to_unmap, v4.5), as migration asks for it: entries of its own
// stand for the page meanwhile. Where its memory has failed, they stand for good.

import { k } from '../kernel.ts'
import { spin_unlock } from '../ops.ts'
import { rd } from '../store.ts'
import { add_anon_rss } from './memory.ts'
import { type Mm, NULL, type Page, type Pte, type Vma, vm_area } from './mm_types.ts'
import { PageHWPoison, PageTransHuge, page_mapped, put_page, SetPageDirty, VM_BUG_ON_PAGE } from './page-flags.ts'
import { DIRTY, pte_write, SOFT_DIRTY, set_pte } from './pgtable.ts'
import { anon_vma_unlock_read } from './rmap.ts'
import { __vma_address, anon_vma_interval_tree_foreach, page_check_address, page_to_pgoff } from './rmap_walk.ts'
import { make_hwpoison_entry, make_migration_entry } from './swapops.ts'

/** The entry of one vma. Caller holds the page lock and the anon_vma. */
export function try_to_unmap_one(p: Page, vma: Vma, addr: number, sync = false): void {
  const found = page_check_address(p, rd(vma + vm_area.vm_mm) as Mm, addr, sync)
  if (found === undefined) return
  const { pte, ptl } = found
  const entry = rd(pte) as Pte
  set_pte(pte, 0 as Pte)
  if (entry & DIRTY) SetPageDirty(p)
  if (PageHWPoison(p)) {
    add_anon_rss(rd(vma + vm_area.vm_mm) as Mm, -1)
    set_pte(pte, make_hwpoison_entry(p))
  } else {
    set_pte(pte, (make_migration_entry(p, pte_write(entry)) | (entry & SOFT_DIRTY)) as Pte)
  }
  k.page_remove_rmap(p, false, vma)
  put_page(p)
  spin_unlock(ptl)
}

/** `sync`: TTU_SYNC, which came with v5.13. Else TTU_MIGRATION | TTU_IGNORE_MLOCK | TTU_IGNORE_ACCESS, of a base page. Caller holds the page lock and a reference. */
export function try_to_unmap(p: Page, sync = false): void {
  VM_BUG_ON_PAGE(PageTransHuge(p), p, '!PageHuge(page) && PageTransHuge(page)')
  const av = k.page_lock_anon_vma_read(p)
  if (av === NULL) return
  const pgoff = page_to_pgoff(p)
  anon_vma_interval_tree_foreach(av, pgoff, pgoff, vma => {
    k.try_to_unmap_one(p, vma, __vma_address(pgoff, vma), sync)
    return page_mapped(p)
  })
  anon_vma_unlock_read(av)
}
