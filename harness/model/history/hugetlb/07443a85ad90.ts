// 07443a85ad90 "mm, hugetlb: return a reserved page to a reserved pool if failed" (v3.13): a page that took a
// reservation and was never mapped gives it back. Before, it was lost; but the map of a private mapping, where the page
// is one whose reservation is used, agreed with that, and now it does not.

import { k } from '../../kernel.ts'
import { hugetlb_lock, page_hstate } from '../../mm/hugetlb_hstate.ts'
import {
  addResv,
  free_huge_page as after,
  clear_page_huge_active,
  leavesUse,
  page_private,
  set_page_private,
} from '../../mm/hugetlb_pool.ts'
import { NULL, type Page, page as struct_page } from '../../mm/mm_types.ts'
import { ClearPagePrivate } from '../../mm/page-flags.ts'
import { spin_lock, spin_unlock, WRITE_ONCE } from '../../ops.ts'
import { patch } from '../patch.ts'

export function free_huge_page(p: Page): void {
  const h = page_hstate(p)
  const spool = page_private(p)
  set_page_private(p, NULL)
  WRITE_ONCE(p + struct_page.mapping, 0)
  k.checkFreed(p)
  ClearPagePrivate(p)
  const restore_reserve = k.hugepage_subpool_put_pages(spool, 1) === 0
  spin_lock(hugetlb_lock)
  clear_page_huge_active(p)
  if (restore_reserve) addResv(h, 1)
  leavesUse(h, p)
  spin_unlock(hugetlb_lock)
}

export default patch('07443a85ad90', {
  subject: 'mm, hugetlb: return a reserved page to a reserved pool if failed',
  release: 'v3.13',
  changes: { free_huge_page: { before: free_huge_page, after } },
})
