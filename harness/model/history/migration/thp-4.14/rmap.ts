// mm/rmap.c of v4.14: try_to_unmap takes a whole huge page out of every page table, be it mapped by PMDs or by PTEs.

import { k } from '../../../kernel.ts'
import { type Page, VM_LOCKED, type Vma, vm_area } from '../../../mm/mm_types.ts'
import {
  hpage_nr_pages,
  PageAnon,
  PageTransCompound,
  page_mapped,
  put_page,
  SetPageDirty,
} from '../../../mm/page-flags.ts'
import { DIRTY, pte_page, ptep_clear_flush, set_pte } from '../../../mm/pgtable.ts'
import * as rmap_unmap from '../../../mm/rmap_unmap.ts'
import {
  SWAP_AGAIN,
  SWAP_FAIL,
  SWAP_MLOCK,
  SWAP_SUCCESS,
  TTU_IGNORE_MLOCK,
  TTU_MIGRATION,
  TTU_SYNC,
} from '../../../mm/rmap_unmap.ts'
import { anon_vma_interval_tree_foreach, page_to_pgoff } from '../../../mm/rmap_walk.ts'
import { test_bit } from '../../../ops.ts'
import type { Changes } from '../../patch.ts'
import { PVMW_SYNC, vma_address } from './page_vma_mapped.ts'

/**
 * The entries of one vma: SWAP_AGAIN if they are gone. Whether memory has failed is asked of each page, in the kernel
 * of the head. Caller holds the page lock and the anon_vma.
 */
export function try_to_unmap_one(p: Page, vma: Vma, addr: number, flags: number): number {
  let ret = SWAP_AGAIN
  k.page_vma_mapped_walk(p, vma, addr, flags & TTU_SYNC ? PVMW_SYNC : 0, {
    pmd: (pmd, at) => k.set_pmd_migration_entry(p, vma, at, pmd),
    pte: pte => {
      if (!(flags & TTU_IGNORE_MLOCK) && test_bit(vma + vm_area.vm_flags, VM_LOCKED)) {
        // Huge pages mapped by PTE are never mlocked.
        if (!PageTransCompound(p)) k.mlock_vma_page(p)
        ret = SWAP_MLOCK
        return false
      }
      const entry = ptep_clear_flush(pte)
      const sub = pte_page(entry)
      if (entry & DIRTY) SetPageDirty(p)
      const unmapped = k.unmappedEntry(sub, vma, entry, flags)
      set_pte(pte, unmapped ?? entry)
      if (unmapped === undefined) {
        ret = SWAP_FAIL
        return false
      }
      k.page_remove_rmap(sub, false, vma)
      put_page(p)
      return true
    },
  })
  return ret
}

/** With TTU_IGNORE_ACCESS; of a huge page for migration only. Caller holds the page lock and a reference. */
function try_to_unmap(p: Page, flags: number): number {
  let ret = SWAP_AGAIN
  if (!PageAnon(p)) {
    k.rmap_walk_file(p, (vma, addr) => {
      ret = k.try_to_unmap_one(p, vma, addr, flags)
      return ret === SWAP_AGAIN && page_mapped(p)
    })
    return ret !== SWAP_MLOCK && !page_mapped(p) ? SWAP_SUCCESS : ret
  }
  const av = k.page_lock_anon_vma_read(p)
  if (av !== 0) {
    const pgoff = page_to_pgoff(p)
    anon_vma_interval_tree_foreach(av, pgoff, pgoff + hpage_nr_pages(p) - 1, vma => {
      if (flags & TTU_MIGRATION && k.invalid_migration_vma(vma)) return true
      ret = k.try_to_unmap_one(p, vma, vma_address(p, vma), flags)
      return ret === SWAP_AGAIN && page_mapped(p)
    })
    k.page_unlock_anon_vma_read(av)
  }
  return ret !== SWAP_MLOCK && !page_mapped(p) ? SWAP_SUCCESS : ret
}

export const changes: Changes = {
  try_to_unmap_one: { before: rmap_unmap.try_to_unmap_one, after: try_to_unmap_one },
  try_to_unmap: { before: rmap_unmap.try_to_unmap, after: try_to_unmap },
}
