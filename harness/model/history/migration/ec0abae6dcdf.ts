// ec0abae6dcdf "mm/thp: fix __split_huge_pmd_locked() for migration PMD" (v5.9): a huge page that moves is not mapped, so
// that no map of it changes hands when its entry is split. Before, each of its pages is counted as mapped, and the page as
// mapped by one PMD less.

import { HPAGE_PMD_NR } from '../../mm/init.ts'
import { type Mm, type Pmd, type Pmdp, type Vma, vm_area } from '../../mm/mm_types.ts'
import { _count, subpage } from '../../mm/page-flags.ts'
import {
  pgtable_pte,
  pgtable_trans_huge_withdraw,
  pmd_page,
  pmd_populate,
  SOFT_DIRTY,
  set_pte,
} from '../../mm/pgtable.ts'
import { is_write_migration_entry, make_migration_entry, pmd_to_swp_entry } from '../../mm/swapops.ts'
import { atomic_add } from '../../ops.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'
import { splitMigrationPmd as before } from './2e83ee1d8694.ts'
import { softDirty } from './thp-4.14/split_migration_pmd.ts'

/** Caller holds the PMD lock. */
export function splitMigrationPmd(vma: Vma, pmd: Pmdp, haddr: number): void {
  const old = rd(pmd) as Pmd
  const page = pmd_page(old)
  const write = is_write_migration_entry(pmd_to_swp_entry(old))
  const soft_dirty = (old & SOFT_DIRTY) !== 0
  atomic_add(_count(page), HPAGE_PMD_NR - 1)
  const pgtable = pgtable_trans_huge_withdraw(rd(vma + vm_area.vm_mm) as Mm, haddr)
  for (let i = 0; i < HPAGE_PMD_NR; i++)
    set_pte(pgtable_pte(pgtable, i), softDirty(make_migration_entry(subpage(page, i), write), soft_dirty))
  pmd_populate(pmd, pgtable)
}

export default patch('ec0abae6dcdf', {
  subject: 'mm/thp: fix __split_huge_pmd_locked() for migration PMD',
  release: 'v5.9',
  needs: ['2e83ee1d8694'],
  changes: { splitMigrationPmd: { before, after: splitMigrationPmd } },
})
