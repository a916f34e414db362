// 3b25df93c6e3 "mm: munlock: fix deadlock in __munlock_pagevec()" (v3.13).
//
// References of pages that are not munlocked go once lru_lock is released. Before, the last one goes under it, and
// freeing the page takes it again.

import { k } from '../../kernel.ts'
import { zone } from '../../mm/init.ts'
import { __munlock_pagevec as after } from '../../mm/mlock_pagevec.ts'
import type { Page } from '../../mm/mm_types.ts'
import { put_page, TestClearPageMlocked } from '../../mm/page-flags.ts'
import { mod_zone_page_state, NR_MLOCK } from '../../mm/vmstat.ts'
import { spin_lock, spin_unlock } from '../../ops.ts'
import { patch } from '../patch.ts'

export function __munlock_pagevec(pvec: readonly Page[]): void {
  const isolated: Page[] = []
  let delta_munlocked = -pvec.length
  spin_lock(zone.lru_lock)
  for (const page of pvec) {
    if (TestClearPageMlocked(page)) {
      if (k.__munlock_isolate_lru_page(page, false)) {
        isolated.push(page)
        continue
      }
      k.__munlock_isolation_failed(page)
    }
    put_page(page)
    delta_munlocked++
  }
  mod_zone_page_state(NR_MLOCK, delta_munlocked)
  spin_unlock(zone.lru_lock)
  k.munlockIsolated(isolated)
}

export default patch('3b25df93c6e3', {
  subject: 'mm: munlock: fix deadlock in __munlock_pagevec()',
  release: 'v3.13',
  changes: { __munlock_pagevec: { before: __munlock_pagevec, after } },
})
