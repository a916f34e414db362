// 01cc2e58697e "mm: munlock: fix potential race with THP page split" (v3.14).
//
// The size, the flag and NR_MLOCK are looked at and changed under lru_lock, as a split changes them. Before, a split
// may come in between the flag and the size, or copy the flag to some tails before it is cleared.

import { BUG_ON } from '../../bug.ts'
import { k } from '../../kernel.ts'
import type { Page } from '../../mm/mm_types.ts'
import { hpage_nr_pages, PageLocked, TestClearPageMlocked } from '../../mm/page-flags.ts'
import { mod_zone_page_state, NR_MLOCK } from '../../mm/vmstat.ts'
import { patch } from '../patch.ts'
import { munlock_vma_page as after } from './mlock-4.4.ts'

export function munlock_vma_page(page: Page): number {
  BUG_ON(!PageLocked(page), '!PageLocked(page)')
  if (!TestClearPageMlocked(page)) return hpage_nr_pages(page) - 1
  const nr_pages = hpage_nr_pages(page)
  mod_zone_page_state(NR_MLOCK, -nr_pages)
  if (k.isolate_lru_page(page) === 0) k.__munlock_isolated_page(page)
  else k.__munlock_isolation_failed(page)
  return nr_pages - 1
}

export default patch('01cc2e58697e', {
  subject: 'mm: munlock: fix potential race with THP page split',
  release: 'v3.14',
  changes: { munlock_vma_page: { before: munlock_vma_page, after } },
})
