// 2e83ee1d8694 "mm: thp: fix flags for pmd migration when split" (v4.20; the id is from memory): the entries that the
// migration entry of a huge page is split into may be written to, and are soft-dirty, as it is. Before, bits of it are
// asked that mean something else there: what fork has made read-only comes back writable, if it was written to before.

import type { Pmd, Pmdp, Vma } from '../../mm/mm_types.ts'
import { SOFT_DIRTY } from '../../mm/pgtable.ts'
import { is_write_migration_entry, pmd_to_swp_entry } from '../../mm/swapops.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'
import { splitMigrationPmd as before, type Split, splitEntry } from './thp-4.14/split_migration_pmd.ts'

/** Caller holds the PMD lock. */
export function splitMigrationPmd(vma: Vma, pmd: Pmdp, haddr: number): void {
  splitEntry(vma, pmd, haddr, { ...bitsOf(rd(pmd) as Pmd), refs: true, maps: true })
}

/** Of the entry of a huge page that moves. */
export function bitsOf(entry: Pmd): Pick<Split, 'write' | 'soft_dirty'> {
  return { write: is_write_migration_entry(pmd_to_swp_entry(entry)), soft_dirty: (entry & SOFT_DIRTY) !== 0 }
}

export default patch('2e83ee1d8694', {
  subject: 'mm: thp: fix flags for pmd migration when split',
  release: 'v4.20',
  needs: ['616b8371539a'],
  changes: { splitMigrationPmd: { before, after: splitMigrationPmd } },
})
