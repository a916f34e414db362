// What truth.ts expects of mlock_count since v5.18.

import { type Page, page } from '../../../mm/mm_types.ts'
import { PG_lru, PG_mlocked, PG_unevictable } from '../../../mm/page-flags.ts'
import { recountMlock as recountMlock_4_5 } from '../../../recount-mlock.ts'
import { S } from '../../../store.ts'
import type { Changes } from '../../patch.ts'

/** Too low is what happens when a page comes back to the LRU; too high, and nobody can munlock the page any more. */
function recountMlock(p: Page, pfn: number, most: number, add: (anomaly: string, text: string) => void): void {
  const flags = S[p + page.flags]!
  if ((flags & (PG_lru | PG_unevictable)) !== (PG_lru | PG_unevictable)) return
  const says = S[p + page.mlock_count]!
  if (says < 0 || says > most)
    add('mapcount-mismatch', `mlock_count of frame ${pfn} is ${says}, the truth is ${most} at most`)
  if (says > 0 && !(flags & PG_mlocked))
    add('mapcount-mismatch', `mlock_count of frame ${pfn} is ${says}, but it is not mlocked`)
}

export const changes: Changes = {
  recountMlock: { before: recountMlock_4_5, after: recountMlock },
}
