// 8f182270dfec "mm/swap.c: flush lru pvecs on compound page arrival" (v4.7).
//
// A huge page no longer waits in a CPU's pagevec: its arrival drains it.

import { k } from '../../kernel.ts'
import type { Page } from '../../mm/mm_types.ts'
import { PageCompound, page_cache_get } from '../../mm/page-flags.ts'
import { __lru_cache_add as __lru_cache_add_4_5, lruAddPvec, PAGEVEC_SIZE, pagevec } from '../../mm/swap.ts'
import { cpu, local_lock, local_unlock } from '../../ops.ts'
import { rd, wr } from '../../store.ts'
import { patch } from '../patch.ts'

function __lru_cache_add(page: Page): void {
  const v = lruAddPvec(cpu)
  local_lock(cpu)
  page_cache_get(page)
  const nr = rd(v + pagevec.nr)
  wr(v + pagevec.pages + nr, page)
  wr(v + pagevec.nr, nr + 1)
  if (nr + 1 === PAGEVEC_SIZE || PageCompound(page)) k.__pagevec_lru_add(v)
  local_unlock(cpu)
}

export default patch('8f182270dfec', {
  subject: 'mm/swap.c: flush lru pvecs on compound page arrival',
  release: 'v4.7',
  changes: { __lru_cache_add: { before: __lru_cache_add_4_5, after: __lru_cache_add } },
})
