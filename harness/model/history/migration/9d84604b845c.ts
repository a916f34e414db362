// 9d84604b845c "mm/thp: refix __split_huge_pmd_locked() for migration PMD" (v5.18): nor do migration entries hold a reference.
// Before, as many are taken as there are further pages: the page does not move then, or is never freed. (The id is from
// memory.)

import { HPAGE_PMD_NR } from '../../mm/init.ts'
import { type Mm, type Pmd, type Pmdp, type Vma, vm_area } from '../../mm/mm_types.ts'
import { subpage } from '../../mm/page-flags.ts'
import {
  pgtable_pte,
  pgtable_trans_huge_withdraw,
  pmd_page,
  pmd_populate,
  SOFT_DIRTY,
  set_pte,
} from '../../mm/pgtable.ts'
import { is_write_migration_entry, make_migration_entry, pmd_to_swp_entry } from '../../mm/swapops.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'
import { splitMigrationPmd as before } from './ec0abae6dcdf.ts'
import { softDirty } from './thp-4.14/split_migration_pmd.ts'

/** Caller holds the PMD lock. */
function splitMigrationPmd(vma: Vma, pmd: Pmdp, haddr: number): void {
  const old = rd(pmd) as Pmd
  const page = pmd_page(old)
  const write = is_write_migration_entry(pmd_to_swp_entry(old))
  const soft_dirty = (old & SOFT_DIRTY) !== 0
  const pgtable = pgtable_trans_huge_withdraw(rd(vma + vm_area.vm_mm) as Mm, haddr)
  for (let i = 0; i < HPAGE_PMD_NR; i++)
    set_pte(pgtable_pte(pgtable, i), softDirty(make_migration_entry(subpage(page, i), write), soft_dirty))
  pmd_populate(pmd, pgtable)
}

export default patch('9d84604b845c', {
  subject: 'mm/thp: refix __split_huge_pmd_locked() for migration PMD',
  release: 'v5.18',
  needs: ['ec0abae6dcdf'],
  changes: { splitMigrationPmd: { before, after: splitMigrationPmd } },
})
