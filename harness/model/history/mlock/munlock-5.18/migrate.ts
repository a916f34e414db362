// mm/migrate.c since v5.18: the new page is on the LRU before anybody maps it, so that each locked map counts there.

import { k } from '../../../kernel.ts'
import { EAGAIN, ENOMEM } from '../../../mm/errno.ts'
import { maybe_mkwrite, mkold, vm_page_prot } from '../../../mm/memory.ts'
import * as migrate from '../../../mm/migrate.ts'
import { MR_MEMORY_FAILURE } from '../../../mm/migrate.ts'
import { NULL, type Page, type Pte, VM_LOCKED, type Vma, vm_area } from '../../../mm/mm_types.ts'
import { alloc_hugepage, alloc_page } from '../../../mm/page_alloc.ts'
import {
  ClearPageActive,
  ClearPageUnevictable,
  get_page,
  hpage_nr_pages,
  lock_page,
  PageAnon,
  PageTransHuge,
  page_count,
  page_mapped,
  put_page,
  TestSetPageHWPoison,
  trylock_page,
  unlock_page,
  wait_on_page_writeback,
} from '../../../mm/page-flags.ts'
import { mk_pte, SOFT_DIRTY, set_pte } from '../../../mm/pgtable.ts'
import { TTU_IGNORE_MLOCK, TTU_MIGRATION } from '../../../mm/rmap_unmap.ts'
import { is_write_migration_entry, migration_entry_to_page, num_poisoned_pages_add } from '../../../mm/swapops.ts'
import { mod_zone_page_state, NR_ISOLATED_ANON } from '../../../mm/vmstat.ts'
import { test_bit } from '../../../ops.ts'
import { rd } from '../../../store.ts'
import * as moving from '../../migration/thp-4.14/migrate.ts'
import { PVMW_MIGRATION, PVMW_SYNC } from '../../migration/thp-4.14/page_vma_mapped.ts'
import type { Changes } from '../../patch.ts'

/** As since v4.14, but page_add_anon_rmap mlocks, and what waits is drained at once (b74355078b65). */
function remove_migration_pte(p: Page, vma: Vma, addr: number, old: Page): void {
  k.page_vma_mapped_walk(old, vma, addr, PVMW_SYNC | PVMW_MIGRATION, {
    pmd: (pmd, at) => k.remove_migration_pmd(p, vma, at, pmd),
    pte: (pte, at) => {
      const swp = rd(pte) as Pte
      const sub = (p + (migration_entry_to_page(swp) - old)) as Page
      get_page(sub)
      let entry = (mkold(mk_pte(sub, vm_page_prot(vma))) | (swp & SOFT_DIRTY)) as Pte
      if (is_write_migration_entry(swp)) entry = maybe_mkwrite(entry, vma)
      if (PageAnon(sub)) k.page_add_anon_rmap(sub, vma, at, false)
      else k.page_add_file_rmap(sub, vma)
      set_pte(pte, entry)
      if (test_bit(vma + vm_area.vm_flags, VM_LOCKED)) k.mlock_page_drain_local()
      return true
    },
  })
}

/** c3096e6782b7: the new page goes to the LRU before it is mapped. */
function __unmap_and_move(p: Page, newpage: Page): number {
  let rc = -EAGAIN
  lock_page(p)
  wait_on_page_writeback(p)
  const av = k.page_get_anon_vma(p)
  if (trylock_page(newpage)) {
    const page_was_mapped = page_mapped(p)
    if (page_was_mapped) k.try_to_unmap(p, TTU_MIGRATION | TTU_IGNORE_MLOCK)
    if (!page_mapped(p)) rc = k.move_to_new_page(newpage, p)
    if (rc === 0) {
      k.__lru_cache_add(newpage)
      if (page_was_mapped) k.lru_add_drain()
    }
    if (page_was_mapped) k.remove_migration_ptes(p, rc === 0 ? newpage : p)
    unlock_page(newpage)
  }
  if (av !== NULL) k.put_anon_vma(av)
  unlock_page(p)
  return rc
}

/** The new page is on the LRU already: only the reference of whoever allocated it is left. */
function unmap_and_move(p: Page, reason = 0): number {
  const newpage = PageTransHuge(p) ? alloc_hugepage() : alloc_page()
  if (newpage === NULL) return -ENOMEM
  let rc = 0
  if (page_count(p) === 1) {
    ClearPageActive(p)
    ClearPageUnevictable(p)
  } else {
    rc = k.__unmap_and_move(p, newpage)
  }
  put_page(newpage)
  if (rc === 0) {
    mod_zone_page_state(NR_ISOLATED_ANON, -hpage_nr_pages(p))
    put_page(p)
    if (reason === MR_MEMORY_FAILURE && !TestSetPageHWPoison(p)) num_poisoned_pages_add(1)
  } else if (rc !== -EAGAIN) {
    k.putback_movable_page(p)
  }
  return rc
}

export const changes: Changes = {
  remove_migration_pte: { before: moving.remove_migration_pte, after: remove_migration_pte },
  __unmap_and_move: { before: migrate.__unmap_and_move, after: __unmap_and_move },
  unmap_and_move: { before: moving.unmap_and_move, after: unmap_and_move },
}
