// 07443a85ad90 "mm, hugetlb: return a reserved page to a reserved pool if failed" (v3.13): a page that took a reservation and
// was never mapped gives it back. Before, it was lost; but the map of a private mapping, where the page is one whose
// reservation is used, agreed with that, and now it does not.

import { BUG_ON } from '../../bug.ts'
import { k } from '../../kernel.ts'
import { hstate, hugetlb_lock, page_hstate } from '../../mm/hugetlb_hstate.ts'
import {
  add,
  addResv,
  free_huge_page as after,
  clear_page_huge_active,
  page_private,
  set_page_private,
  unlinkHuge,
} from '../../mm/hugetlb_pool.ts'
import { NULL, type Page, page as struct_page } from '../../mm/mm_types.ts'
import { page_to_nid } from '../../mm/mmzone.ts'
import { ClearPagePrivate, page_count, page_mapcount } from '../../mm/page-flags.ts'
import { spin_lock, spin_unlock, WRITE_ONCE } from '../../ops.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'

export function free_huge_page(p: Page): void {
  const h = page_hstate(p)
  const nid = page_to_nid(p)
  const spool = page_private(p)
  set_page_private(p, NULL)
  WRITE_ONCE(p + struct_page.mapping, 0)
  BUG_ON(page_count(p) !== 0, 'page_count(page)')
  BUG_ON(page_mapcount(p) !== 0, 'page_mapcount(page)')
  ClearPagePrivate(p)
  const restore_reserve = k.hugepage_subpool_put_pages(spool, 1) === 0
  spin_lock(hugetlb_lock)
  clear_page_huge_active(p)
  if (restore_reserve) addResv(h, 1)
  if (rd(h + hstate.surplus_huge_pages_node + nid) !== 0) {
    unlinkHuge(p)
    k.update_and_free_page(h, p)
    add(h, hstate.surplus_huge_pages, -1)
    add(h, hstate.surplus_huge_pages_node + nid, -1)
  } else {
    k.enqueue_huge_page(h, p)
  }
  spin_unlock(hugetlb_lock)
}

export default patch('07443a85ad90', {
  subject: 'mm, hugetlb: return a reserved page to a reserved pool if failed',
  release: 'v3.13',
  changes: { free_huge_page: { before: free_huge_page, after } },
})
