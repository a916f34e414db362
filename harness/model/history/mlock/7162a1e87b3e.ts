// 7162a1e87b3e "mm: fix mlock accouting" (v4.5).
//
// The number of pages is an int. Before, it is unsigned: negated it is 2^32 less some pages, and that is what is added
// to NR_MLOCK since the counter's functions take a long (6cdb18ad98a4).

import { BUG_ON } from '../../bug.ts'
import { k } from '../../kernel.ts'
import { zone } from '../../mm/init.ts'
import { munlock_vma_page as after } from '../../mm/mlock.ts'
import type { Page } from '../../mm/mm_types.ts'
import { hpage_nr_pages, PageLocked, PageTail, TestClearPageMlocked, VM_BUG_ON_PAGE } from '../../mm/page-flags.ts'
import { NR_MLOCK } from '../../mm/vmstat.ts'
import { spin_lock, spin_unlock } from '../../ops.ts'
import { patch } from '../patch.ts'

export function munlock_vma_page(page: Page): number {
  BUG_ON(!PageLocked(page), '!PageLocked(page)')
  VM_BUG_ON_PAGE(PageTail(page), page, 'PageTail(page)')
  spin_lock(zone.lru_lock)
  const nr_pages = hpage_nr_pages(page)
  if (!TestClearPageMlocked(page)) {
    spin_unlock(zone.lru_lock)
    return nr_pages - 1
  }
  k.__mod_zone_page_state(NR_MLOCK, -nr_pages >>> 0)
  if (k.__munlock_isolate_lru_page(page, true)) {
    spin_unlock(zone.lru_lock)
    k.__munlock_isolated_page(page)
  } else {
    k.__munlock_isolation_failed(page)
    spin_unlock(zone.lru_lock)
  }
  return nr_pages - 1
}

export default patch('7162a1e87b3e', {
  subject: 'mm: fix mlock accouting',
  release: 'v4.5',
  needs: ['61f5d698cc97', 'e90309c9f772'],
  changes: { munlock_vma_page: { before: munlock_vma_page, after } },
})
