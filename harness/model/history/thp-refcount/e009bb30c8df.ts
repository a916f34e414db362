// e009bb30c8df "mm: implement split page table lock for PMD level" (v3.13) and what it builds on (c4088ebdca64,
// bf929152e9f6, 117b0791ac42). Before, one lock of the mm guarded all its huge PMDs.

import { pmd_lockptr as pmd_lockptr_4_5 } from '../../mm/mm.ts'
import { type Mm, mm_struct } from '../../mm/mm_types.ts'
import { patch } from '../patch.ts'

const pmd_lockptr = (mm: Mm): number => mm + mm_struct.page_table_lock

export default patch('e009bb30c8df', {
  subject: 'mm: implement split page table lock for PMD level',
  release: 'v3.13',
  changes: { pmd_lockptr: { before: pmd_lockptr, after: pmd_lockptr_4_5 } },
})
