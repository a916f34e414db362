// 9d84604b845c "mm/thp: refix __split_huge_pmd_locked() for migration PMD" (v5.18): nor do migration entries hold a
// reference. Before, as many are taken as there are further pages: the page does not move then, or is never freed.

import type { Pmd, Pmdp, Vma } from '../../mm/mm_types.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'
import { bitsOf } from './2e83ee1d8694.ts'
import { splitMigrationPmd as before } from './ec0abae6dcdf.ts'
import { splitEntry } from './thp-4.14/split_migration_pmd.ts'

/** Caller holds the PMD lock. */
function splitMigrationPmd(vma: Vma, pmd: Pmdp, haddr: number): void {
  splitEntry(vma, pmd, haddr, { ...bitsOf(rd(pmd) as Pmd), refs: false, maps: false })
}

export default patch('9d84604b845c', {
  subject: 'mm/thp: refix __split_huge_pmd_locked() for migration PMD',
  release: 'v5.18',
  needs: ['ec0abae6dcdf'],
  changes: { splitMigrationPmd: { before, after: splitMigrationPmd } },
})
