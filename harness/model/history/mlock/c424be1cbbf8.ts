// c424be1cbbf8 "mm: munlock: fix a bug where THP tail page is encountered" (v3.13).
//
// A huge page is stepped over also if it was not flagged, and the walk must start at one. Before, a huge page that was
// not flagged is stepped into: the next page found is a tail, for which nobody down the road is made.

import { BUG_ON } from '../../bug.ts'
import { k } from '../../kernel.ts'
import { IS_ERR } from '../../mm/errno.ts'
import { munlockBasePages } from '../../mm/mlock_vma.ts'
import { FOLL_DUMP, FOLL_GET, NULL, type Page, VM_LOCKED_CLEAR_MASK, type Vma, vm_area } from '../../mm/mm_types.ts'
import {
  hpage_nr_pages,
  lock_page,
  PageLocked,
  PageTail,
  PageTransHuge,
  put_page,
  TestClearPageMlocked,
  unlock_page,
  VM_BUG_ON_PAGE,
} from '../../mm/page-flags.ts'
import { load_int, local_int } from '../../mm/stack.ts'
import { mod_zone_page_state, NR_MLOCK } from '../../mm/vmstat.ts'
import { again, loop, WRITE_ONCE } from '../../ops.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'
import { munlock_vma_page as munlock_vma_page_3_13 } from './01cc2e58697e.ts'
import { munlock_vma_pages_range as munlock_vma_pages_range_3_13 } from './mlock-4.4.ts'

/** Flag first, size later: a split may come in between (01cc2e58697e). */
export function munlock_vma_page(page: Page): number {
  BUG_ON(!PageLocked(page), '!PageLocked(page)')
  if (!TestClearPageMlocked(page)) return 0
  const nr_pages = hpage_nr_pages(page)
  mod_zone_page_state(NR_MLOCK, -nr_pages)
  if (k.isolate_lru_page(page) === 0) k.__munlock_isolated_page(page)
  else k.__munlock_isolation_failed(page)
  return nr_pages - 1
}

export function munlock_vma_pages_range(vma: Vma, start: number, end: number): void {
  WRITE_ONCE(vma + vm_area.vm_flags, rd(vma + vm_area.vm_flags) & VM_LOCKED_CLEAR_MASK)
  const here = loop()
  while (start < end) {
    again(here, start)
    const page_mask = local_int(0)
    const page = k.follow_page_mask(vma, start, FOLL_GET | FOLL_DUMP, page_mask)
    let mask = load_int(page_mask)
    if (page !== NULL && !IS_ERR(page)) {
      // PageTransHuge of these releases.
      VM_BUG_ON_PAGE(PageTail(page), page, 'PageTail(page)')
      if (PageTransHuge(page)) {
        lock_page(page)
        mask = k.munlock_vma_page(page)
        unlock_page(page)
        put_page(page)
      } else {
        start = munlockBasePages(page, vma, start, end)
        continue
      }
    }
    start += 1 + (~start & mask)
  }
  again(here, end)
}

export default patch('c424be1cbbf8', {
  subject: 'mm: munlock: fix a bug where THP tail page is encountered',
  release: 'v3.13',
  changes: {
    munlock_vma_page: { before: munlock_vma_page, after: munlock_vma_page_3_13 },
    munlock_vma_pages_range: { before: munlock_vma_pages_range, after: munlock_vma_pages_range_3_13 },
  },
})
