// 70feee0e1ef3 "mlock: fix mlock count can not decrease in race condition" (v4.12).
//
// What was flagged is given back to NR_MLOCK, also where somebody else has the page off the LRU.

import { k } from '../../kernel.ts'
import { zone } from '../../mm/init.ts'
import { __munlock_pagevec as before } from '../../mm/mlock_pagevec.ts'
import type { Page } from '../../mm/mm_types.ts'
import { TestClearPageMlocked } from '../../mm/page-flags.ts'
import { pagevec_release } from '../../mm/swap.ts'
import { mod_zone_page_state, NR_MLOCK } from '../../mm/vmstat.ts'
import { spin_lock, spin_unlock } from '../../ops.ts'
import { patch } from '../patch.ts'

export function __munlock_pagevec(pvec: readonly Page[]): void {
  const isolated: Page[] = []
  const putback: Page[] = []
  let delta_munlocked = -pvec.length
  spin_lock(zone.lru_lock)
  for (const page of pvec) {
    if (!TestClearPageMlocked(page)) {
      delta_munlocked++
    } else {
      if (k.__munlock_isolate_lru_page(page, false)) {
        isolated.push(page)
        continue
      }
      k.__munlock_isolation_failed(page)
    }
    putback.push(page)
  }
  mod_zone_page_state(NR_MLOCK, delta_munlocked)
  spin_unlock(zone.lru_lock)
  pagevec_release(putback)
  k.munlockIsolated(isolated)
}

export default patch('70feee0e1ef3', {
  subject: 'mlock: fix mlock count can not decrease in race condition',
  release: 'v4.12',
  changes: { __munlock_pagevec: { before, after: __munlock_pagevec } },
})
