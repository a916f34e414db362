// mm/rmap.c since v5.18: whoever adds or removes a map of a page says for which vma, and a locked one mlocks or
// munlocks the page along with that.

import { k } from '../../../kernel.ts'
import { HPAGE_PMD_NR } from '../../../mm/init.ts'
import { type Page, VM_LOCKED, type Vma, vm_area } from '../../../mm/mm_types.ts'
import {
  _mapcount,
  compound_head,
  compound_mapcount_ptr,
  PageAnon,
  PageTransCompound,
  put_page,
  SetPageDirty,
  subpage,
  TestClearPageDoubleMap,
} from '../../../mm/page-flags.ts'
import { DIRTY, pte_page, ptep_clear_flush, set_pte } from '../../../mm/pgtable.ts'
import * as rmap from '../../../mm/rmap.ts'
import * as rmap_file from '../../../mm/rmap_file.ts'
import * as rmap_munlock from '../../../mm/rmap_munlock.ts'
import { SWAP_AGAIN, SWAP_FAIL, SWAP_MLOCK, TTU_IGNORE_MLOCK, TTU_SYNC } from '../../../mm/rmap_unmap.ts'
import {
  mod_zone_page_state,
  NR_ANON_PAGES,
  NR_ANON_TRANSPARENT_HUGEPAGES,
  NR_FILE_MAPPED,
} from '../../../mm/vmstat.ts'
import { atomic_add_negative, test_bit } from '../../../ops.ts'
import { PVMW_SYNC } from '../../migration/thp-4.14/page_vma_mapped.ts'
import { try_to_unmap_one as try_to_unmap_one_4_14 } from '../../migration/thp-4.14/rmap.ts'
import type { Changes } from '../../patch.ts'
import { mlock_vma_page, munlock_vma_page } from './internal.ts'

declare module '../../../kernel.ts' {
  interface Patched {
    /** Callers name the vma for v5.18's sake; releases before take no notice. There it is the second argument. */
    page_remove_rmap(page: Page, compound: boolean, vma?: Vma): void
  }
}

function page_add_anon_rmap(p: Page, vma: Vma, addr: number, compound: boolean): void {
  rmap.page_add_anon_rmap(p, vma, addr, compound)
  mlock_vma_page(p, vma, compound)
}

function do_page_add_anon_rmap(p: Page, vma: Vma, addr: number, exclusive: boolean): void {
  rmap.do_page_add_anon_rmap(p, vma, addr, exclusive)
  mlock_vma_page(p, vma, false)
}

function page_remove_rmap(p: Page, compound: boolean, vma?: Vma): void {
  if (!PageAnon(p)) {
    k.page_remove_file_rmap(p)
  } else if (compound) {
    k.page_remove_anon_compound_rmap(p)
  } else if (atomic_add_negative(-1, _mapcount(p))) {
    mod_zone_page_state(NR_ANON_PAGES, -1)
    if (PageTransCompound(p)) k.deferred_split_huge_page(compound_head(p))
  }
  munlock_vma_page(p, vma!, compound)
}

function page_add_file_rmap(p: Page, vma: Vma): void {
  rmap_file.page_add_file_rmap(p, vma)
  mlock_vma_page(p, vma, false)
}

function page_remove_file_rmap(p: Page): void {
  if (atomic_add_negative(-1, _mapcount(p))) mod_zone_page_state(NR_FILE_MAPPED, -1)
}

function page_remove_anon_compound_rmap(p: Page): void {
  if (!atomic_add_negative(-1, compound_mapcount_ptr(p))) return
  mod_zone_page_state(NR_ANON_TRANSPARENT_HUGEPAGES, -1)
  let nr = HPAGE_PMD_NR
  if (TestClearPageDoubleMap(p)) {
    nr = 0
    for (let i = 0; i < HPAGE_PMD_NR; i++) {
      if (atomic_add_negative(-1, _mapcount(subpage(p, i)))) nr++
    }
  }
  if (nr === 0) return
  mod_zone_page_state(NR_ANON_PAGES, -nr)
  k.deferred_split_huge_page(p)
}

/** As since v4.14, later two functions. The reference that the pagevec holds would make a migration fail. */
function try_to_unmap_one(p: Page, vma: Vma, addr: number, flags: number): number {
  let ret = SWAP_AGAIN
  k.page_vma_mapped_walk(p, vma, addr, flags & TTU_SYNC ? PVMW_SYNC : 0, {
    pmd: (pmd, at) => k.set_pmd_migration_entry(p, vma, at, pmd),
    pte: pte => {
      if (!(flags & TTU_IGNORE_MLOCK) && test_bit(vma + vm_area.vm_flags, VM_LOCKED)) {
        // Restores the mlock which got missed.
        mlock_vma_page(p, vma, false)
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
      if (test_bit(vma + vm_area.vm_flags, VM_LOCKED)) k.mlock_page_drain_local()
      put_page(p)
      return true
    },
  })
  return ret
}

export const changes: Changes = {
  page_add_anon_rmap: { before: rmap.page_add_anon_rmap, after: page_add_anon_rmap },
  do_page_add_anon_rmap: { before: rmap.do_page_add_anon_rmap, after: do_page_add_anon_rmap },
  page_add_file_rmap: { before: rmap_file.page_add_file_rmap, after: page_add_file_rmap },
  page_remove_file_rmap: { before: rmap_file.page_remove_file_rmap, after: page_remove_file_rmap },
  page_remove_rmap: { before: rmap.page_remove_rmap, after: page_remove_rmap },
  page_remove_anon_compound_rmap: {
    before: rmap.page_remove_anon_compound_rmap,
    after: page_remove_anon_compound_rmap,
  },
  try_to_unmap_one: { before: try_to_unmap_one_4_14, after: try_to_unmap_one },
  try_to_munlock_one: { before: rmap_munlock.try_to_munlock_one, after: undefined },
  try_to_munlock: { before: rmap_munlock.try_to_munlock, after: undefined },
}
