// mm/huge_memory.c of v4.14: a migration entry takes the place of a huge PMD, and gives it back; and the split of a PMD
// that is one.

import { k } from '../../../kernel.ts'
import { haddrOf, is_huge_zero_pmd } from '../../../mm/huge_memory.ts'
import * as split from '../../../mm/huge_memory_split.ts'
import { HPAGE_PMD_NR } from '../../../mm/init.ts'
import { maybe_mkwrite, mkold, vm_page_prot } from '../../../mm/memory.ts'
import { type Mm, NULL, type Page, type Pmd, type Pmdp, type Pte, type Vma, vm_area } from '../../../mm/mm_types.ts'
import {
  _count,
  _mapcount,
  compound_mapcount,
  compound_mapcount_ptr,
  get_page,
  PageMlocked,
  put_page,
  SetPageDirty,
  subpage,
  TestClearPageDoubleMap,
  TestSetPageDoubleMap,
} from '../../../mm/page-flags.ts'
import {
  DIRTY,
  mk_huge_pmd,
  pgtable_pte,
  pgtable_trans_huge_withdraw,
  pmd_lockptr,
  pmd_offset,
  pmd_page,
  pmd_populate,
  pmd_trans_huge,
  pte_write,
  read_pmd,
  SOFT_DIRTY,
  set_pmd,
  set_pte,
} from '../../../mm/pgtable.ts'
import {
  is_pmd_migration_entry,
  is_write_migration_entry,
  make_migration_entry,
  pmd_to_swp_entry,
  swp_entry_to_pmd,
} from '../../../mm/swapops.ts'
import {
  count_vm_event,
  mod_zone_page_state,
  NR_ANON_TRANSPARENT_HUGEPAGES,
  THP_SPLIT_PMD,
} from '../../../mm/vmstat.ts'
import { atomic_add, atomic_add_negative, atomic_dec, atomic_inc, spin_lock, spin_unlock } from '../../../ops.ts'
import { rd } from '../../../store.ts'
import { __split_huge_pmd as __split_huge_pmd_4_6 } from '../../mlock/split-pmd.ts'
import type { Changes } from '../../patch.ts'
import { splitMigrationPmd } from './split_migration_pmd.ts'

declare module '../../../kernel.ts' {
  interface Patched {
    set_pmd_migration_entry(page: Page, vma: Vma, addr: number, pmd: Pmdp): void
    remove_migration_pmd(page: Page, vma: Vma, addr: number, pmd: Pmdp): void
  }
}

/**
 * The PMD that maps the page becomes a migration entry. That a processor writes between the look and the store is lost
 * of its dirty bit (until 8a8683ad9ba4). Caller holds the PMD lock and the page lock.
 */
function set_pmd_migration_entry(page: Page, vma: Vma, _addr: number, pmd: Pmdp): void {
  const old = read_pmd(pmd)
  if (old & DIRTY) SetPageDirty(page)
  const swp = make_migration_entry(page, pte_write(old)) | (old & SOFT_DIRTY)
  set_pmd(pmd, swp_entry_to_pmd(swp as Pte))
  k.page_remove_rmap(page, true, vma)
  put_page(page)
}

/** The migration entry maps `page` now. Caller holds the PMD lock and the page lock. */
export function remove_migration_pmd(page: Page, vma: Vma, addr: number, pmd: Pmdp): void {
  const swp = rd(pmd) as Pmd
  get_page(page)
  let entry = (mkold(mk_huge_pmd(page, vm_page_prot(vma))) | (swp & SOFT_DIRTY)) as Pmd
  if (is_write_migration_entry(pmd_to_swp_entry(swp))) entry = maybe_mkwrite(entry, vma)
  k.page_add_anon_rmap(page, vma, addr, true)
  set_pmd(pmd, entry)
  k.mlockMovedPage(page, vma)
}

// ---- splitting a PMD -----------------------------------------------------------------------------------------------

/** As since v4.6; a migration entry is split, too. */
export function __split_huge_pmd(vma: Vma, pmd: Pmdp, addr: number): void {
  const ptl = pmd_lockptr(rd(vma + vm_area.vm_mm) as Mm, addr)
  spin_lock(ptl)
  const e = rd(pmd) as Pmd
  if (pmd_trans_huge(e) && PageMlocked(pmd_page(e))) k.clear_page_mlock(pmd_page(e))
  if (pmd_trans_huge(e) || is_pmd_migration_entry(e)) k.__split_huge_pmd_locked(vma, pmd, haddrOf(addr), false)
  spin_unlock(ptl)
}

/** As v4.5's, of a PMD that maps a huge page, or stands for one that moves. */
export function __split_huge_pmd_locked(vma: Vma, pmd: Pmdp, haddr: number, freeze: boolean): void {
  const mm = rd(vma + vm_area.vm_mm) as Mm
  const old = rd(pmd) as Pmd
  count_vm_event(THP_SPLIT_PMD)
  if (is_pmd_migration_entry(old)) {
    k.splitMigrationPmd(vma, pmd, haddr)
    return
  }
  if (is_huge_zero_pmd(old)) {
    k.__split_huge_zero_page_pmd(vma, pmd, haddr)
    return
  }
  const page = pmd_page(old)
  atomic_add(_count(page), HPAGE_PMD_NR - 1)
  const pgtable = pgtable_trans_huge_withdraw(mm, haddr)
  for (let i = 0; i < HPAGE_PMD_NR; i++) {
    if (freeze) set_pte(pgtable_pte(pgtable, i), make_migration_entry(subpage(page, i), pte_write(old)))
    else set_pte(pgtable_pte(pgtable, i), split.pteOfHuge(subpage(page, i), vma, old))
    if (old & DIRTY) SetPageDirty(subpage(page, i))
    atomic_inc(_mapcount(subpage(page, i)))
  }
  if (compound_mapcount(page) > 1 && !TestSetPageDoubleMap(page)) {
    for (let i = 0; i < HPAGE_PMD_NR; i++) atomic_inc(_mapcount(subpage(page, i)))
  }
  if (atomic_add_negative(-1, compound_mapcount_ptr(page))) {
    mod_zone_page_state(NR_ANON_TRANSPARENT_HUGEPAGES, -1)
    if (TestClearPageDoubleMap(page)) {
      for (let i = 0; i < HPAGE_PMD_NR; i++) atomic_dec(_mapcount(subpage(page, i)))
    }
  }
  pmd_populate(pmd, pgtable)
  if (!freeze) return
  for (let i = 0; i < HPAGE_PMD_NR; i++) {
    k.page_remove_rmap(subpage(page, i), false, vma)
    put_page(subpage(page, i))
  }
}

/**
 * A vma's border moves to where a huge page may lie, or the entry of one that moves. Caller holds mmap_sem for writing.
 */
function vma_adjust_trans_huge(vma: Vma, start: number, end: number, adjust_next: number): void {
  splitAtBorder(vma, start)
  splitAtBorder(vma, end)
  if (adjust_next > 0) {
    const next = rd(vma + vm_area.vm_next) as Vma
    splitAtBorder(next, rd(next + vm_area.vm_start) + adjust_next)
  }
}

function splitAtBorder(vma: Vma, border: number): void {
  const haddr = haddrOf(border)
  if (border === haddr || haddr < rd(vma + vm_area.vm_start) || haddr + HPAGE_PMD_NR > rd(vma + vm_area.vm_end)) return
  const pmd = pmd_offset(rd(vma + vm_area.vm_mm) as Mm, border)
  // What it is, __split_huge_pmd looks at under the lock (33f4751e9960).
  if (pmd !== NULL) k.__split_huge_pmd(vma, pmd, border)
}

export const changes: Changes = {
  set_pmd_migration_entry: { before: undefined, after: set_pmd_migration_entry },
  remove_migration_pmd: { before: undefined, after: remove_migration_pmd },
  splitMigrationPmd: { before: undefined, after: splitMigrationPmd },
  __split_huge_pmd: { before: __split_huge_pmd_4_6, after: __split_huge_pmd },
  __split_huge_pmd_locked: { before: split.__split_huge_pmd_locked, after: __split_huge_pmd_locked },
  vma_adjust_trans_huge: { before: split.vma_adjust_trans_huge, after: vma_adjust_trans_huge },
}
