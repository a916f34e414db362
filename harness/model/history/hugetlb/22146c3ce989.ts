// 22146c3ce989 "hugetlbfs: dirty pages as they are added to pagecache" (v4.20): nobody shall take a page out of the
// cache because it could be read again. Before, a page that nobody has written to is clean, and of its failure nobody
// is told.

import { huge_add_to_page_cache as before } from '../../mm/hugetlb_fault.ts'
import type { AddressSpace, Page } from '../../mm/mm_types.ts'
import { SetPageDirty } from '../../mm/page-flags.ts'
import { patch } from '../patch.ts'

function huge_add_to_page_cache(page: Page, mapping: AddressSpace, idx: number): number {
  const err = before(page, mapping, idx)
  if (err === 0) SetPageDirty(page)
  return err
}

export default patch('22146c3ce989', {
  subject: 'hugetlbfs: dirty pages as they are added to pagecache',
  release: 'v4.20',
  changes: { huge_add_to_page_cache: { before, after: huge_add_to_page_cache } },
})
