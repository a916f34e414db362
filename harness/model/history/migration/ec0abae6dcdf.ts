// ec0abae6dcdf "mm/thp: fix __split_huge_pmd_locked() for migration PMD" (v5.9): a huge page that moves is not mapped,
// so that no map of it changes hands when its entry is split. Before, each of its pages is counted as mapped, and the
// page as mapped by one PMD less.

import type { Pmd, Pmdp, Vma } from '../../mm/mm_types.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'
import { splitMigrationPmd as before, bitsOf } from './2e83ee1d8694.ts'
import { splitEntry } from './thp-4.14/split_migration_pmd.ts'

/** Caller holds the PMD lock. */
export function splitMigrationPmd(vma: Vma, pmd: Pmdp, haddr: number): void {
  splitEntry(vma, pmd, haddr, { ...bitsOf(rd(pmd) as Pmd), refs: true, maps: false })
}

export default patch('ec0abae6dcdf', {
  subject: 'mm/thp: fix __split_huge_pmd_locked() for migration PMD',
  release: 'v5.9',
  needs: ['2e83ee1d8694'],
  changes: { splitMigrationPmd: { before, after: splitMigrationPmd } },
})
