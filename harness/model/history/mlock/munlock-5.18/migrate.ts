// mm/migrate.c since v5.18: the new page is on the LRU before anybody maps it, so that each locked map counts there.

import { k } from '../../../kernel.ts'
import { EAGAIN, ENOMEM } from '../../../mm/errno.ts'
import { maybe_mkwrite, mkold, vm_page_prot } from '../../../mm/memory.ts'
import * as migrate from '../../../mm/migrate.ts'
import { MR_MEMORY_FAILURE } from '../../../mm/migrate.ts'
import { type Mm, NULL, type Page, type Pte, VM_LOCKED, type Vma, vm_area } from '../../../mm/mm_types.ts'
import { alloc_page } from '../../../mm/page_alloc.ts'
import {
  ClearPageActive,
  ClearPageUnevictable,
  get_page,
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
import { mk_pte, pte_lockptr, pte_offset, read_pmd, SOFT_DIRTY, set_pte } from '../../../mm/pgtable.ts'
import { TTU_IGNORE_MLOCK, TTU_MIGRATION } from '../../../mm/rmap_unmap.ts'
import { mm_find_pmd } from '../../../mm/rmap_walk.ts'
import {
  is_migration_entry,
  is_write_migration_entry,
  migration_entry_to_page,
  num_poisoned_pages_add,
} from '../../../mm/swapops.ts'
import { mod_zone_page_state, NR_ISOLATED_ANON } from '../../../mm/vmstat.ts'
import { spin_lock, spin_unlock, test_bit } from '../../../ops.ts'
import { rd } from '../../../store.ts'
import { unmap_and_move as unmap_and_move_4_8 } from '../../lru/c6c919eb90e0.ts'
import type { Changes } from '../../patch.ts'

function remove_migration_pte(p: Page, vma: Vma, addr: number, old: Page): void {
  const pmd = mm_find_pmd(rd(vma + vm_area.vm_mm) as Mm, addr)
  if (pmd === NULL) return
  const table = read_pmd(pmd)
  const pte = pte_offset(table, addr)
  spin_lock(pte_lockptr(table))
  const swp = rd(pte) as Pte
  if (is_migration_entry(swp) && migration_entry_to_page(swp) === old) {
    get_page(p)
    let entry = (mkold(mk_pte(p, vm_page_prot(vma))) | (swp & SOFT_DIRTY)) as Pte
    if (is_write_migration_entry(swp)) entry = maybe_mkwrite(entry, vma)
    if (PageAnon(p)) k.page_add_anon_rmap(p, vma, addr, false)
    else k.page_add_file_rmap(p, vma)
    set_pte(pte, entry)
    if (test_bit(vma + vm_area.vm_flags, VM_LOCKED)) k.mlock_page_drain_local()
  }
  spin_unlock(pte_lockptr(table))
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
  const newpage = alloc_page()
  if (newpage === NULL) return -ENOMEM
  let rc = 0
  if (page_count(p) === 1) {
    ClearPageActive(p)
    ClearPageUnevictable(p)
  } else {
    if (PageTransHuge(p)) {
      lock_page(p)
      rc = k.split_huge_page_to_list(p)
      unlock_page(p)
    }
    if (rc === 0) rc = k.__unmap_and_move(p, newpage)
  }
  put_page(newpage)
  if (rc === 0) {
    mod_zone_page_state(NR_ISOLATED_ANON, -1)
    put_page(p)
    if (reason === MR_MEMORY_FAILURE && !TestSetPageHWPoison(p)) num_poisoned_pages_add(1)
  } else if (rc !== -EAGAIN) {
    k.putback_movable_page(p)
  }
  return rc
}

export const changes: Changes = {
  remove_migration_pte: { before: migrate.remove_migration_pte, after: remove_migration_pte },
  __unmap_and_move: { before: migrate.__unmap_and_move, after: __unmap_and_move },
  unmap_and_move: { before: unmap_and_move_4_8, after: unmap_and_move },
}
