// mm/migrate.c of v4.14: a huge page moves to another huge page.

import { k } from '../../../kernel.ts'
import { EAGAIN, EBUSY, ENOMEM } from '../../../mm/errno.ts'
import { maybe_mkwrite, mkold, vm_page_prot } from '../../../mm/memory.ts'
import * as migrate from '../../../mm/migrate.ts'
import { MR_MEMORY_FAILURE } from '../../../mm/migrate.ts'
import { type Mm, NULL, type Page, type Pmd, type Pmdp, type Pte, type Vma } from '../../../mm/mm_types.ts'
import { alloc_hugepage, alloc_page } from '../../../mm/page_alloc.ts'
import {
  ClearPageActive,
  ClearPageUnevictable,
  get_page,
  get_page_unless_zero,
  hpage_nr_pages,
  PageAnon,
  PageTransCompound,
  PageTransHuge,
  page_count,
  put_page,
  subpage,
  TestSetPageHWPoison,
  wait_on_page_locked,
} from '../../../mm/page-flags.ts'
import { mk_pte, pmd_lockptr, SOFT_DIRTY, set_pte } from '../../../mm/pgtable.ts'
import { anon_vma_interval_tree_foreach, page_anon_vma, page_to_pgoff } from '../../../mm/rmap_walk.ts'
import {
  is_pmd_migration_entry,
  is_write_migration_entry,
  migration_entry_to_page,
  num_poisoned_pages_add,
  pmd_to_swp_entry,
} from '../../../mm/swapops.ts'
import { mod_zone_page_state, NR_ISOLATED_ANON } from '../../../mm/vmstat.ts'
import { spin_lock, spin_unlock } from '../../../ops.ts'
import { rd } from '../../../store.ts'
import { unmap_and_move as unmap_and_move_4_8 } from '../../lru/c6c919eb90e0.ts'
import type { Changes } from '../../patch.ts'
import { PVMW_MIGRATION, PVMW_SYNC, vma_address } from './page_vma_mapped.ts'

declare module '../../../kernel.ts' {
  interface Patched {
    pmd_migration_entry_wait(mm: Mm, addr: number, pmd: Pmdp): void
  }
}

function isolateForMigration(p: Page): number {
  if (!get_page_unless_zero(p)) return -EBUSY
  const ret = k.isolate_lru_page(p)
  if (ret === 0) mod_zone_page_state(NR_ISOLATED_ANON, hpage_nr_pages(p))
  put_page(p)
  return ret
}

/** Gives an isolated page back, with the reference. */
function putback_movable_page(p: Page): void {
  mod_zone_page_state(NR_ISOLATED_ANON, -hpage_nr_pages(p))
  k.putback_lru_page(p)
}

/** As migration_entry_wait, of a PMD. */
function pmd_migration_entry_wait(mm: Mm, addr: number, pmd: Pmdp): void {
  const ptl = pmd_lockptr(mm, addr)
  spin_lock(ptl)
  const e = rd(pmd) as Pmd
  if (!is_pmd_migration_entry(e)) {
    spin_unlock(ptl)
    return
  }
  const p = migration_entry_to_page(pmd_to_swp_entry(e))
  const held = get_page_unless_zero(p)
  spin_unlock(ptl)
  wait_on_page_locked(p)
  if (held) put_page(p)
}

/** The migration entries of `old` in one vma map `p` now, or the pages of it. Caller holds the lock of both pages. */
export function remove_migration_pte(p: Page, vma: Vma, addr: number, old: Page): void {
  k.page_vma_mapped_walk(old, vma, addr, PVMW_SYNC | PVMW_MIGRATION, {
    pmd: (pmd, at) => k.remove_migration_pmd(p, vma, at, pmd),
    pte: (pte, at) => {
      const swp = rd(pte) as Pte
      const sub = (p + (migration_entry_to_page(swp) - old)) as Page
      get_page(sub)
      let entry = (mkold(mk_pte(sub, vm_page_prot(vma))) | (swp & SOFT_DIRTY)) as Pte
      if (is_write_migration_entry(swp)) entry = maybe_mkwrite(entry, vma)
      set_pte(pte, entry)
      if (PageAnon(sub)) k.page_add_anon_rmap(sub, vma, at, false)
      else k.page_add_file_rmap(sub, vma)
      if (!PageTransCompound(sub)) k.mlockMovedPage(sub, vma)
      return true
    },
  })
}

function remove_migration_ptes(old: Page, p: Page): void {
  if (!PageAnon(p)) {
    k.rmap_walk_file(p, (vma, addr) => {
      k.remove_migration_pte(p, vma, addr, old)
      return true
    })
    return
  }
  const av = page_anon_vma(p)
  if (av === NULL) return
  const pgoff = page_to_pgoff(p)
  k.anon_vma_lock_read(av)
  anon_vma_interval_tree_foreach(av, pgoff, pgoff + hpage_nr_pages(p) - 1, vma => {
    k.remove_migration_pte(p, vma, vma_address(p, vma), old)
    return true
  })
  k.anon_vma_unlock_read(av)
}

/** As v4.5's, which has this already and never meets a huge page here. */
function migrate_page_copy(newpage: Page, p: Page): void {
  const nr = hpage_nr_pages(p)
  for (let i = 0; i < nr; i++) k.copy_user_page(subpage(newpage, i), subpage(p, i))
  migrate.migrate_page_states(newpage, p)
}

/** Without memory for another huge page it stays (until 94723aafb9e7, v4.17, splits it then). */
export function unmap_and_move(p: Page, reason = 0): number {
  const newpage = PageTransHuge(p) ? alloc_hugepage() : alloc_page()
  if (newpage === NULL) return -ENOMEM
  let rc = 0
  let moved = false
  if (page_count(p) === 1) {
    ClearPageActive(p)
    ClearPageUnevictable(p)
  } else {
    rc = k.__unmap_and_move(p, newpage)
    moved = rc === 0
  }
  if (moved) k.putback_lru_page(newpage)
  else put_page(newpage)
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
  isolateForMigration: { before: migrate.isolateForMigration, after: isolateForMigration },
  putback_movable_page: { before: migrate.putback_movable_page, after: putback_movable_page },
  pmd_migration_entry_wait: { before: undefined, after: pmd_migration_entry_wait },
  remove_migration_pte: { before: migrate.remove_migration_pte, after: remove_migration_pte },
  remove_migration_ptes: { before: migrate.remove_migration_ptes, after: remove_migration_ptes },
  migrate_page_copy: { before: migrate.migrate_page_copy, after: migrate_page_copy },
  unmap_and_move: { before: unmap_and_move_4_8, after: unmap_and_move },
}
