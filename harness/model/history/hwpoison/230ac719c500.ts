// 230ac719c500 "mm/hwpoison: don't try to unpoison containment-failed pages" (v4.5). Before, whoever makes a page well
// puts the reference that the handler is to have kept, without a look at whose it is: where the handler is only about
// to take it, the page is freed while it is mapped, or stands in a file.

import { k } from '../../kernel.ts'
import { unpoison_memory as after } from '../../mm/memory-failure_soft.ts'
import type { Page } from '../../mm/mm_types.ts'
import {
  compound_head,
  compound_order,
  lock_page,
  PageHuge,
  PageHWPoison,
  PageTransHuge,
  page_count,
  TestClearPageHWPoison,
  unlock_page,
} from '../../mm/page-flags.ts'
import { pfn_to_page } from '../../mm/pgtable.ts'
import { num_poisoned_pages_add } from '../../mm/swapops.ts'
import { patch } from '../patch.ts'

function unpoison_memory(p: Page): void {
  const head = compound_head(p)
  if (!PageHWPoison(p)) return
  if (!PageHuge(head) && PageTransHuge(head)) return
  const nr_pages = PageHuge(head) ? 1 << compound_order(head) : 1
  if (!k.get_hwpoison_page(p)) {
    if (PageHuge(head)) return
    if (TestClearPageHWPoison(p)) num_poisoned_pages_add(-1)
    return
  }
  lock_page(head)
  const freeit = TestClearPageHWPoison(head)
  if (freeit) num_poisoned_pages_add(-nr_pages)
  if (freeit && PageHuge(head)) k.clear_page_hwpoison_huge_page(head)
  unlock_page(head)
  k.put_hwpoison_page(head)
  if (freeit && !(p === pfn_to_page(0) && page_count(p) === 1)) k.put_hwpoison_page(head)
}

export default patch('230ac719c500', {
  subject: "mm/hwpoison: don't try to unpoison containment-failed pages",
  release: 'v4.5',
  changes: { unpoison_memory: { before: unpoison_memory, after } },
})
