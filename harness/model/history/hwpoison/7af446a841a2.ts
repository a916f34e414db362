// 7af446a841a2 "HWPOISON, hugetlb: enable error handling path for hugepage" (v2.6.36), with 7013febc8940 "HWPOISON,
// hugetlb: set/clear PG_hwpoison bits on hugepage", c9fbdd5f1314 "HWPOISON, hugetlb: maintain mce_bad_pages in handling
// hugepage error", 93f70f900da3 "HWPOISON, hugetlb: isolate corrupted hugepage" and fd6a03edd271 "HWPOISON, hugetlb:
// detect hwpoison in hugetlb code".
//
// Before, a huge page is one that is not on the LRU, which the handler leaves alone: it marks the base page that
// failed, and whoever maps the huge page goes on using it.

import { k } from '../../kernel.ts'
import { EBUSY } from '../../mm/errno.ts'
import { refusesLostPage as refusesLostPage_4_5 } from '../../mm/hugetlb_fault.ts'
import { memory_failure as after, MF_COUNT_INCREASED } from '../../mm/memory-failure.ts'
import type { Mm, Page } from '../../mm/mm_types.ts'
import { compound_head, get_page_unless_zero, PageHuge, put_page, TestSetPageHWPoison } from '../../mm/page-flags.ts'
import { num_poisoned_pages_add } from '../../mm/swapops.ts'
import { patch } from '../patch.ts'
import { refusesLostPage } from './998b4382c1d7.ts'

/** Of all other pages as after. */
function memory_failure(p: Page, flags: number, current?: Mm): number {
  if (!PageHuge(p)) return after(p, flags, current)
  if (TestSetPageHWPoison(p)) return 0
  num_poisoned_pages_add(1)
  // "high order kernel", ignored.
  if (!(flags & MF_COUNT_INCREASED) && !get_page_unless_zero(compound_head(p))) return -EBUSY
  k.shake_page(p)
  // "non LRU", ignored.
  put_page(p)
  return -EBUSY
}

export default patch('7af446a841a2', {
  subject: 'HWPOISON, hugetlb: enable error handling path for hugepage',
  release: 'v2.6.36',
  with: ['7013febc8940', 'c9fbdd5f1314', '93f70f900da3', 'fd6a03edd271'],
  needs: ['0fe6e20b9c4c'],
  changes: {
    memory_failure: { before: memory_failure, after },
    refusesLostPage: { before: refusesLostPage_4_5, after: refusesLostPage },
  },
})
