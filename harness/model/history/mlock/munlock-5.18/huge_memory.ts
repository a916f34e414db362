// mm/huge_memory.c since v5.18: a PMD that is split is a locked map less; its PTEs are none, for a huge page.

import { k } from '../../../kernel.ts'
import { haddrOf, is_huge_zero_pmd } from '../../../mm/huge_memory.ts'
import * as whole from '../../../mm/huge_memory_page.ts'
import * as split from '../../../mm/huge_memory_split.ts'
import { HPAGE_PMD_NR } from '../../../mm/init.ts'
import { maybe_mkwrite, mkdirty, mkold, vm_page_prot } from '../../../mm/memory.ts'
import {
  type Mm,
  NULL,
  type Page,
  type Pmd,
  type Pmdp,
  type Pte,
  VM_LOCKED,
  type Vma,
  vm_area,
} from '../../../mm/mm_types.ts'
import {
  _count,
  _mapcount,
  compound_mapcount,
  compound_mapcount_ptr,
  get_page,
  PageDirty,
  put_page,
  SetPageDirty,
  subpage,
  TestClearPageDoubleMap,
  TestSetPageDoubleMap,
} from '../../../mm/page-flags.ts'
import {
  DIRTY,
  mk_huge_pmd,
  mk_pte,
  pgtable_pte,
  pgtable_trans_huge_withdraw,
  pmd_lockptr,
  pmd_page,
  pmd_populate,
  pmd_trans_huge,
  pte_write,
  SOFT_DIRTY,
  set_pmd,
  set_pte,
} from '../../../mm/pgtable.ts'
import { mm_find_pmd } from '../../../mm/rmap_walk.ts'
import {
  is_migration_entry,
  is_pmd_migration_entry,
  is_write_migration_entry,
  make_migration_entry,
  migration_entry_to_page,
  pmd_to_swp_entry,
} from '../../../mm/swapops.ts'
import {
  count_vm_event,
  mod_zone_page_state,
  NR_ANON_TRANSPARENT_HUGEPAGES,
  THP_SPLIT_PMD,
} from '../../../mm/vmstat.ts'
import {
  atomic_add,
  atomic_add_negative,
  atomic_dec,
  atomic_inc,
  spin_lock,
  spin_unlock,
  test_bit,
} from '../../../ops.ts'
import { rd } from '../../../store.ts'
import * as moving from '../../migration/thp-4.14/huge_memory.ts'
import type { Changes } from '../../patch.ts'
import { unfreeze_page_vma as unfreeze_page_vma_4_6 } from '../fec89c109f3a.ts'
import { munlock_vma_page } from './internal.ts'

function __split_huge_pmd(vma: Vma, pmd: Pmdp, addr: number): void {
  const ptl = pmd_lockptr(rd(vma + vm_area.vm_mm) as Mm, addr)
  spin_lock(ptl)
  const e = rd(pmd) as Pmd
  if (pmd_trans_huge(e) || is_pmd_migration_entry(e)) k.__split_huge_pmd_locked(vma, pmd, haddrOf(addr), false)
  spin_unlock(ptl)
}

/** As v4.5's, with munlock_vma_page where the PMD's map is gone. */
function __split_huge_pmd_locked(vma: Vma, pmd: Pmdp, haddr: number, freeze: boolean): void {
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
  munlock_vma_page(page, vma, true)
  pmd_populate(pmd, pgtable)
  if (!freeze) return
  for (let i = 0; i < HPAGE_PMD_NR; i++) {
    k.page_remove_rmap(subpage(page, i), false, vma)
    put_page(subpage(page, i))
  }
}

/** As since v4.14, but page_add_anon_rmap mlocks. */
function remove_migration_pmd(page: Page, vma: Vma, addr: number, pmd: Pmdp): void {
  const swp = rd(pmd) as Pmd
  get_page(page)
  let entry = (mkold(mk_huge_pmd(page, vm_page_prot(vma))) | (swp & SOFT_DIRTY)) as Pmd
  if (is_write_migration_entry(pmd_to_swp_entry(swp))) entry = maybe_mkwrite(entry, vma)
  k.page_add_anon_rmap(page, vma, addr, true)
  set_pmd(pmd, entry)
}

/** As since v4.6, but page_add_anon_rmap mlocks, and what waits is drained at once (b74355078b65). */
function unfreeze_page_vma(vma: Vma, head: Page, head_addr: number): void {
  const mm = rd(vma + vm_area.vm_mm) as Mm
  const addr = Math.max(head_addr, rd(vma + vm_area.vm_start))
  const pmd = mm_find_pmd(mm, addr)
  if (pmd === NULL) return
  whole.forEachPte(mm, pmd, addr, head_addr + HPAGE_PMD_NR - addr, (pte, a) => {
    const swp = rd(pte) as Pte
    const p = subpage(head, a - head_addr)
    if (!is_migration_entry(swp) || migration_entry_to_page(swp) !== p) return
    get_page(p)
    let entry = mkold(mk_pte(p, vm_page_prot(vma)))
    if (PageDirty(p)) entry = mkdirty(entry)
    if (is_write_migration_entry(swp)) entry = maybe_mkwrite(entry, vma)
    k.page_add_anon_rmap(p, vma, a, false)
    set_pte(pte, entry)
    if (test_bit(vma + vm_area.vm_flags, VM_LOCKED)) k.mlock_page_drain_local()
  })
}

export const changes: Changes = {
  __split_huge_pmd: { before: moving.__split_huge_pmd, after: __split_huge_pmd },
  __split_huge_pmd_locked: { before: moving.__split_huge_pmd_locked, after: __split_huge_pmd_locked },
  remove_migration_pmd: { before: moving.remove_migration_pmd, after: remove_migration_pmd },
  unfreeze_page_vma: { before: unfreeze_page_vma_4_6, after: unfreeze_page_vma },
}
