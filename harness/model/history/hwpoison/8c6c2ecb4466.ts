// 8c6c2ecb4466 "HWPOSION, hugetlb: recover from free hugepage error when !MF_COUNT_INCREASED" (v2.6.37), with
// 6de2b1aab943 "HWPOISON, hugetlb: add free check to dequeue_hwpoison_huge_page()" and a9869b837c09 "hugetlb: move
// refcounting in hugepage allocation inside hugetlb_lock".
//
// Before, a free huge page is memory of the kernel's of which nothing is known: it stays in the pool, and is given out.

import { EBUSY } from '../../mm/errno.ts'
import { patch } from '../patch.ts'
import { poisonFreeHugePage } from './b985194c8c0a.ts'

/** "high order kernel", ignored: nothing marks the huge page as such. */
const before = (): number => -EBUSY

export default patch('8c6c2ecb4466', {
  subject: 'HWPOSION, hugetlb: recover from free hugepage error when !MF_COUNT_INCREASED',
  release: 'v2.6.37',
  with: ['6de2b1aab943', 'a9869b837c09'],
  needs: ['0fe6e20b9c4c', '7af446a841a2'],
  changes: { poisonFreeHugePage: { before, after: poisonFreeHugePage } },
})
