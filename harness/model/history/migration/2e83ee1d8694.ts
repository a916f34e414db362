// 2e83ee1d8694 "mm: thp: fix flags for pmd migration when split" (v4.20; the id is from memory): the entries that the
// migration entry of a huge page is split into may be written to, and are soft-dirty, as it is. Before, bits of it are
// asked that mean something else there: what fork has made read-only comes back writable, if it was written to before.

import { HPAGE_PMD_NR } from '../../mm/init.ts'
import { type Mm, type Pmd, type Pmdp, type Vma, vm_area } from '../../mm/mm_types.ts'
import {
  _count,
  _mapcount,
  compound_mapcount,
  compound_mapcount_ptr,
  subpage,
  TestClearPageDoubleMap,
  TestSetPageDoubleMap,
} from '../../mm/page-flags.ts'
import {
  pgtable_pte,
  pgtable_trans_huge_withdraw,
  pmd_page,
  pmd_populate,
  SOFT_DIRTY,
  set_pte,
} from '../../mm/pgtable.ts'
import { is_write_migration_entry, make_migration_entry, pmd_to_swp_entry } from '../../mm/swapops.ts'
import { mod_zone_page_state, NR_ANON_TRANSPARENT_HUGEPAGES } from '../../mm/vmstat.ts'
import { atomic_add, atomic_add_negative, atomic_dec, atomic_inc } from '../../ops.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'
import { splitMigrationPmd as before, softDirty } from './thp-4.14/split_migration_pmd.ts'

/** Caller holds the PMD lock. */
export function splitMigrationPmd(vma: Vma, pmd: Pmdp, haddr: number): void {
  const old = rd(pmd) as Pmd
  const page = pmd_page(old)
  const write = is_write_migration_entry(pmd_to_swp_entry(old))
  const soft_dirty = (old & SOFT_DIRTY) !== 0
  atomic_add(_count(page), HPAGE_PMD_NR - 1)
  const pgtable = pgtable_trans_huge_withdraw(rd(vma + vm_area.vm_mm) as Mm, haddr)
  for (let i = 0; i < HPAGE_PMD_NR; i++) {
    set_pte(pgtable_pte(pgtable, i), softDirty(make_migration_entry(subpage(page, i), write), soft_dirty))
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
}

export default patch('2e83ee1d8694', {
  subject: 'mm: thp: fix flags for pmd migration when split',
  release: 'v4.20',
  needs: ['616b8371539a'],
  changes: { splitMigrationPmd: { before, after: splitMigrationPmd } },
})
