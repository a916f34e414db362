// a49ecbcd7b0d "mm/memory-failure.c: recheck PageHuge() after hugetlb page migrate successfully" (v3.13). Before, a
// surplus page that has moved, and with that gone back to the page allocator, is looked for in a pool that there is
// not.

import { k } from '../../kernel.ts'
import { markMovedHugePage as after } from '../../mm/memory-failure_soft.ts'
import type { Page } from '../../mm/mm_types.ts'
import { compound_order } from '../../mm/page-flags.ts'
import { num_poisoned_pages_add } from '../../mm/swapops.ts'
import { patch } from '../patch.ts'

function markMovedHugePage(_p: Page, hpage: Page): number {
  k.set_page_hwpoison_huge_page(hpage)
  k.dequeue_hwpoisoned_huge_page(hpage)
  num_poisoned_pages_add(1 << compound_order(hpage))
  return 0
}

export default patch('a49ecbcd7b0d', {
  subject: 'mm/memory-failure.c: recheck PageHuge() after hugetlb page migrate successfully',
  release: 'v3.13',
  needs: ['290408d4a250'],
  changes: { markMovedHugePage: { before: markMovedHugePage, after } },
})
