// 655548bf6271 "thp: fix corner case of munlock() of PTE-mapped THPs" (v4.9).
//
// A huge page that was not flagged may be mapped by PTEs: the walk goes on with the next address. Before, it steps over
// as many addresses as the huge page has, whatever is mapped there.

import { BUG_ON } from '../../bug.ts'
import { k } from '../../kernel.ts'
import { zone } from '../../mm/init.ts'
import { munlock_vma_page as before } from '../../mm/mlock.ts'
import type { Page } from '../../mm/mm_types.ts'
import { hpage_nr_pages, PageLocked, PageTail, TestClearPageMlocked, VM_BUG_ON_PAGE } from '../../mm/page-flags.ts'
import { NR_MLOCK } from '../../mm/vmstat.ts'
import { spin_lock, spin_unlock } from '../../ops.ts'
import { patch } from '../patch.ts'

export function munlock_vma_page(page: Page): number {
  BUG_ON(!PageLocked(page), '!PageLocked(page)')
  VM_BUG_ON_PAGE(PageTail(page), page, 'PageTail(page)')
  spin_lock(zone.lru_lock)
  if (!TestClearPageMlocked(page)) {
    spin_unlock(zone.lru_lock)
    return 0
  }
  const nr_pages = hpage_nr_pages(page)
  k.__mod_zone_page_state(NR_MLOCK, -nr_pages)
  if (k.__munlock_isolate_lru_page(page, true)) {
    spin_unlock(zone.lru_lock)
    k.__munlock_isolated_page(page)
  } else {
    k.__munlock_isolation_failed(page)
    spin_unlock(zone.lru_lock)
  }
  return nr_pages - 1
}

export default patch('655548bf6271', {
  subject: 'thp: fix corner case of munlock() of PTE-mapped THPs',
  release: 'v4.9',
  changes: { munlock_vma_page: { before, after: munlock_vma_page } },
})
