// "[PATCH v2 3/3] mm: accelerate munlock() treatment of THP pages" (linux-mm, 3 February 2013), which became
// ff6a6da60b89.
//
// The size is read before the flag is cleared, and it is the size that is returned, where the walk wants a mask: from
// an even address it steps over one base page too many, from the first address of a huge page into the next one.

import { BUG_ON } from '../../bug.ts'
import { k } from '../../kernel.ts'
import type { Page } from '../../mm/mm_types.ts'
import { hpage_nr_pages, PageLocked, PageTail, TestClearPageMlocked, VM_BUG_ON_PAGE } from '../../mm/page-flags.ts'
import { mod_zone_page_state, NR_MLOCK } from '../../mm/vmstat.ts'
import { patch } from '../patch.ts'
import { munlock_vma_pages_range as munlock_vma_pages_range_3_9 } from './7225522bb429.ts'
import { munlock_vma_page as before, munlock_vma_pages_range } from './ff6a6da60b89.ts'

function after(page: Page): number {
  BUG_ON(!PageLocked(page), '!PageLocked(page)')
  // hpage_nr_pages of these releases, by way of PageTransHuge.
  VM_BUG_ON_PAGE(PageTail(page), page, 'PageTail(page)')
  const nr_pages = hpage_nr_pages(page)
  if (TestClearPageMlocked(page)) {
    mod_zone_page_state(NR_MLOCK, -nr_pages)
    if (k.isolate_lru_page(page) === 0) k.__munlock_isolated_page(page)
    else k.__munlock_isolation_failed(page)
  }
  return nr_pages
}

export default patch('munlock-thp-posted-v2', {
  subject: '[PATCH v2 3/3] mm: accelerate munlock() treatment of THP pages',
  release: undefined,
  standsFor: 'ff6a6da60b89',
  changes: {
    munlock_vma_page: { before, after },
    munlock_vma_pages_range: { before: munlock_vma_pages_range, after: munlock_vma_pages_range_3_9 },
  },
})
