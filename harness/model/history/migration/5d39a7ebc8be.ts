// 5d39a7ebc8be "mm: migrate: correct the hugetlb migration stats" (v5.17): a huge page of hugetlb counts as its base
// pages. Before, as one. One that stays after the last pass counts as nothing until 077309bc1eb8 (v6.1), which is in
// here.

import { k } from '../../kernel.ts'
import { migrateHugePage as before } from '../../mm/hugetlb_migrate.ts'
import type { Page } from '../../mm/mm_types.ts'
import { compound_order } from '../../mm/page-flags.ts'
import { count_vm_events, PGMIGRATE_FAIL, PGMIGRATE_SUCCESS } from '../../mm/vmstat.ts'
import { patch } from '../patch.ts'

function migrateHugePage(hpage: Page, nid: number): number {
  const nr_subpages = 1 << compound_order(hpage)
  const rc = k.unmap_and_move_huge_page(hpage, nid)
  count_vm_events(rc === 0 ? PGMIGRATE_SUCCESS : PGMIGRATE_FAIL, nr_subpages)
  return rc
}

export default patch('5d39a7ebc8be', {
  subject: 'mm: migrate: correct the hugetlb migration stats',
  release: 'v5.17',
  changes: { migrateHugePage: { before, after: migrateHugePage } },
})
