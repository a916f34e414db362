// a49bd4d71637 "mm, numa: rework do_pages_move" (v4.17), of hugetlb: move_pages tells how many pages have not moved,
// and of none of them why. Before, a page's status was what unmap_and_move_huge_page had answered.

import { k } from '../../kernel.ts'
import { EAGAIN, EBUSY, ENOMEM } from '../../mm/errno.ts'
import { moveHugetlbPage as before } from '../../mm/hugetlb_migrate.ts'
import type { Page } from '../../mm/mm_types.ts'
import { patch } from '../patch.ts'

function moveHugetlbPage(hpage: Page, nid: number): number {
  if (!k.isolate_huge_page(hpage)) return -EBUSY
  const rc = k.migrateHugePage(hpage, nid)
  if (rc === -EAGAIN || rc === -ENOMEM) k.putback_active_hugepage(hpage)
  return rc === 0 || rc === -ENOMEM ? rc : -EAGAIN
}

export default patch('a49bd4d71637', {
  subject: 'mm, numa: rework do_pages_move',
  release: 'v4.17',
  changes: { moveHugetlbPage: { before, after: moveHugetlbPage } },
})
