// 7225522bb429 "mm: munlock: batch non-THP page isolation and munlock+putback using pagevec" (v3.12).
//
// Base pages are munlocked up to fourteen at once. Before, every page is locked and munlocked for itself. With it goes
// 586a32ac1d33 "mm: munlock: remove unnecessary call to lru_add_drain()": before, each page is preceded by a drain.

import { k } from '../../kernel.ts'
import { IS_ERR } from '../../mm/errno.ts'
import { munlockIsolated } from '../../mm/mlock_pagevec.ts'
import { FOLL_DUMP, FOLL_GET, NULL, VM_LOCKED_CLEAR_MASK, type Vma, vm_area } from '../../mm/mm_types.ts'
import { lock_page, put_page, unlock_page } from '../../mm/page-flags.ts'
import { load_int, local_int } from '../../mm/stack.ts'
import { again, loop, WRITE_ONCE } from '../../ops.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'
import { __munlock_pagevec } from './1ebb7cc6a583.ts'
import { munlock_vma_pages_range as after } from './7a8010cd3627.ts'

export function munlock_vma_pages_range(vma: Vma, start: number, end: number): void {
  WRITE_ONCE(vma + vm_area.vm_flags, rd(vma + vm_area.vm_flags) & VM_LOCKED_CLEAR_MASK)
  const here = loop()
  while (start < end) {
    again(here, start)
    const page_mask = local_int(0)
    const page = k.follow_page_mask(vma, start, FOLL_GET | FOLL_DUMP, page_mask)
    let mask = load_int(page_mask)
    if (page !== NULL && !IS_ERR(page)) {
      lock_page(page)
      k.lru_add_drain()
      // It may be split by now: what was munlocked counts, not the entry.
      mask = k.munlock_vma_page(page)
      unlock_page(page)
      put_page(page)
    }
    start += 1 + (~start & mask)
  }
  again(here, end)
}

export default patch('7225522bb429', {
  subject: 'mm: munlock: batch non-THP page isolation and munlock+putback using pagevec',
  release: 'v3.12',
  changes: {
    __munlock_pagevec: { before: undefined, after: __munlock_pagevec },
    munlockIsolated: { before: undefined, after: munlockIsolated },
    munlock_vma_pages_range: { before: munlock_vma_pages_range, after },
  },
})
