// ff6a6da60b89 "mm: accelerate munlock() treatment of THP pages" (v3.9).
//
// The walk steps over a huge page that was munlocked. Before, it looks up each base page of it, of which all but the
// first are tails, whose own flags say nothing.

import { BUG_ON } from '../../bug.ts'
import { k } from '../../kernel.ts'
import { IS_ERR } from '../../mm/errno.ts'
import { FOLL_DUMP, FOLL_GET, NULL, type Page, VM_LOCKED_CLEAR_MASK, type Vma, vm_area } from '../../mm/mm_types.ts'
import {
  hpage_nr_pages,
  lock_page,
  PageLocked,
  put_page,
  TestClearPageMlocked,
  unlock_page,
} from '../../mm/page-flags.ts'
import { local_int } from '../../mm/stack.ts'
import { mod_zone_page_state, NR_MLOCK } from '../../mm/vmstat.ts'
import { again, loop, WRITE_ONCE } from '../../ops.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'
import { munlock_vma_pages_range as munlock_vma_pages_range_3_9 } from './7225522bb429.ts'
import { munlock_vma_page as munlock_vma_page_3_9 } from './c424be1cbbf8.ts'

/** Nobody asks how large the page was: 0. Flag first, size later, with nothing that would keep a split out. */
export function munlock_vma_page(page: Page): number {
  BUG_ON(!PageLocked(page), '!PageLocked(page)')
  if (!TestClearPageMlocked(page)) return 0
  mod_zone_page_state(NR_MLOCK, -hpage_nr_pages(page))
  if (k.isolate_lru_page(page) === 0) k.__munlock_isolated_page(page)
  else k.__munlock_isolation_failed(page)
  return 0
}

export function munlock_vma_pages_range(vma: Vma, start: number, end: number): void {
  k.lru_add_drain()
  WRITE_ONCE(vma + vm_area.vm_flags, rd(vma + vm_area.vm_flags) & VM_LOCKED_CLEAR_MASK)
  const here = loop()
  for (let addr = start; addr < end; addr++) {
    again(here, addr)
    const page = k.follow_page_mask(vma, addr, FOLL_GET | FOLL_DUMP, local_int(0))
    if (page === NULL || IS_ERR(page)) continue
    lock_page(page)
    k.munlock_vma_page(page)
    unlock_page(page)
    put_page(page)
  }
  again(here, end)
}

export default patch('ff6a6da60b89', {
  subject: 'mm: accelerate munlock() treatment of THP pages',
  release: 'v3.9',
  changes: {
    munlock_vma_page: { before: munlock_vma_page, after: munlock_vma_page_3_9 },
    munlock_vma_pages_range: { before: munlock_vma_pages_range, after: munlock_vma_pages_range_3_9 },
  },
})
