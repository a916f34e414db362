// cb6acd01e2e4 "hugetlbfs: fix races and page faults during migration" (v5.0), as far as it is about quotas. Before,
// the copy makes the old page forget the quota of its mount, and the new one does not know it: the mount counts a page
// that has moved for ever, also when its file is gone. After, a page of a file takes the quota along, and somebody's
// own page under a quota does not move at all.

import { k } from '../../kernel.ts'
import { EBUSY } from '../../mm/errno.ts'
import * as v4_5 from '../../mm/hugetlb_migrate.ts'
import { page_private, set_page_private } from '../../mm/hugetlb_pool.ts'
import { type AddressSpace, NULL, type Page, page } from '../../mm/mm_types.ts'
import { PageAnon } from '../../mm/page-flags.ts'
import { READ_ONCE } from '../../ops.ts'
import { patch } from '../patch.ts'

function hugetlbfs_migrate_page(mapping: AddressSpace, newpage: Page, p: Page): number {
  const rc = k.migrate_huge_page_move_mapping(mapping, newpage, p)
  if (rc !== 0) return rc
  if (page_private(p) !== NULL) {
    set_page_private(newpage, page_private(p))
    set_page_private(p, NULL)
  }
  v4_5.copyHugetlbPage(newpage, p)
  return 0
}

/** Without page_mapping it is either nobody's file's, or the file is just losing it. */
function moveLockedHugePage(hpage: Page, new_hpage: Page): number {
  const mapped = !PageAnon(hpage) && READ_ONCE(hpage + page.mapping) !== 0
  return page_private(hpage) !== NULL && !mapped ? -EBUSY : v4_5.moveLockedHugePage(hpage, new_hpage)
}

export default patch('cb6acd01e2e4', {
  subject: 'hugetlbfs: fix races and page faults during migration',
  release: 'v5.0',
  // Who is told that the page is busy.
  needs: ['a49bd4d71637'],
  changes: {
    hugetlbfs_migrate_page: { before: v4_5.hugetlbfs_migrate_page, after: hugetlbfs_migrate_page },
    moveLockedHugePage: { before: v4_5.moveLockedHugePage, after: moveLockedHugePage },
  },
})
