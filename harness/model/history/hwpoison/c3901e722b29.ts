// c3901e722b29 "mm: hwpoison: fix thp split handling in memory_failure()" (v4.9).
//
// The split is asked for by way of the page that failed, which stays locked and held through it. Before, by way of the
// head, and the page has nobody's reference until it gets one of its own: who unmaps it in between frees it.

import { k } from '../../kernel.ts'
import { EBUSY } from '../../mm/errno.ts'
import { debug_vm } from '../../mm/init.ts'
import { splitPoisonedThp as before } from '../../mm/memory-failure.ts'
import type { Page } from '../../mm/mm_types.ts'
import {
  lock_page,
  PageAnon,
  page_count,
  TestClearPageHWPoison,
  unlock_page,
  VM_BUG_ON_PAGE,
} from '../../mm/page-flags.ts'
import { num_poisoned_pages_add } from '../../mm/swapops.ts'
import { patch } from '../patch.ts'

export function splitPoisonedThp(p: Page, _hpage: Page): number {
  lock_page(p)
  if (!PageAnon(p) || k.split_huge_page_to_list(p) !== 0) {
    unlock_page(p)
    if (TestClearPageHWPoison(p)) num_poisoned_pages_add(-1)
    k.put_hwpoison_page(p)
    return -EBUSY
  }
  unlock_page(p)
  if (debug_vm) VM_BUG_ON_PAGE(page_count(p) === 0, p, '!page_count(p)')
  return 0
}

export default patch('c3901e722b29', {
  subject: 'mm: hwpoison: fix thp split handling in memory_failure()',
  release: 'v4.9',
  changes: { splitPoisonedThp: { before, after: splitPoisonedThp } },
})
