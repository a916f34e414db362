// 1ebb7cc6a583 "mm: munlock: batch NR_MLOCK zone state updates" (v3.12).
//
// NR_MLOCK is changed once for a pagevec, by the pages that were isolated: one that was flagged, but that somebody else
// has off the LRU, is no longer given back (until 70feee0e1ef3, v4.12). Before, each page that was flagged is.

import { k } from '../../kernel.ts'
import { zone } from '../../mm/init.ts'
import type { Page } from '../../mm/mm_types.ts'
import { put_page, TestClearPageMlocked } from '../../mm/page-flags.ts'
import { mod_zone_page_state, NR_MLOCK } from '../../mm/vmstat.ts'
import { spin_lock, spin_unlock } from '../../ops.ts'
import { patch } from '../patch.ts'
import { __munlock_pagevec as after } from './3b25df93c6e3.ts'

export function __munlock_pagevec(pvec: readonly Page[]): void {
  const isolated: Page[] = []
  spin_lock(zone.lru_lock)
  for (const page of pvec) {
    if (TestClearPageMlocked(page)) {
      mod_zone_page_state(NR_MLOCK, -1)
      if (k.__munlock_isolate_lru_page(page, false)) {
        isolated.push(page)
        continue
      }
      k.__munlock_isolation_failed(page)
    }
    put_page(page)
  }
  spin_unlock(zone.lru_lock)
  k.munlockIsolated(isolated)
}

export default patch('1ebb7cc6a583', {
  subject: 'mm: munlock: batch NR_MLOCK zone state updates',
  release: 'v3.12',
  needs: ['7225522bb429'],
  changes: { __munlock_pagevec: { before: __munlock_pagevec, after } },
})
