// b985194c8c0a "hwpoison, hugetlb: lock_page/unlock_page does not match for handling a free hugepage" (v3.16).
//
// Before, of a free huge page of which another page than the first has failed the handler believes that it was
// unpoisoned meanwhile: its head is not marked yet. It takes back what it has counted and leaves with the page lock,
// and the huge page is given out. A fault on it then waits for that lock for ever.

import { k } from '../../kernel.ts'
import { poisonFreeHugePage as after } from '../../mm/memory-failure_huge.ts'
import type { Page } from '../../mm/mm_types.ts'
import { compound_order, lock_page, PageHWPoison, TestSetPageHWPoison, unlock_page } from '../../mm/page-flags.ts'
import { num_poisoned_pages_add } from '../../mm/swapops.ts'
import { patch } from '../patch.ts'

export function poisonFreeHugePage(p: Page, hpage: Page): number {
  lock_page(hpage)
  if (!PageHWPoison(hpage) || (p !== hpage && TestSetPageHWPoison(hpage))) {
    num_poisoned_pages_add(-(1 << compound_order(hpage)))
    return 0
  }
  k.set_page_hwpoison_huge_page(hpage)
  const ret = k.dequeue_hwpoisoned_huge_page(hpage)
  unlock_page(hpage)
  return ret
}

export default patch('b985194c8c0a', {
  subject: 'hwpoison, hugetlb: lock_page/unlock_page does not match for handling a free hugepage',
  release: 'v3.16',
  changes: { poisonFreeHugePage: { before: poisonFreeHugePage, after } },
})
