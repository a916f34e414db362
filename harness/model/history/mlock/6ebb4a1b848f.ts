// 6ebb4a1b848f "thp: fix another corner case of munlock() vs. THPs" (v4.11).
//
// How far the entry reaches that maps a page says nothing about where the walk stands in it: only a huge page that was
// munlocked is stepped over. Before, a tail under a PMD makes the walk step over as many pages as the PMD maps, which
// ends within the next huge page.

import { k } from '../../kernel.ts'
import { IS_ERR } from '../../mm/errno.ts'
import { munlock_vma_pages_range as before, munlockBasePages } from '../../mm/mlock_vma.ts'
import { FOLL_DUMP, FOLL_GET, NULL, VM_LOCKED_CLEAR_MASK, type Vma, vm_area } from '../../mm/mm_types.ts'
import {
  lock_page,
  PageMlocked,
  PageTail,
  PageTransHuge,
  put_page,
  unlock_page,
  VM_BUG_ON_PAGE,
} from '../../mm/page-flags.ts'
import { local_int } from '../../mm/stack.ts'
import { again, loop, WRITE_ONCE } from '../../ops.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'

export function munlock_vma_pages_range(vma: Vma, start: number, end: number): void {
  WRITE_ONCE(vma + vm_area.vm_flags, rd(vma + vm_area.vm_flags) & VM_LOCKED_CLEAR_MASK)
  const here = loop()
  while (start < end) {
    again(here, start)
    const page = k.follow_page_mask(vma, start, FOLL_GET | FOLL_DUMP, local_int(0))
    let mask = 0
    if (page !== NULL && !IS_ERR(page)) {
      if (PageTail(page)) {
        VM_BUG_ON_PAGE(PageMlocked(page), page, 'PageMlocked(page)')
        put_page(page)
      } else if (PageTransHuge(page)) {
        lock_page(page)
        mask = k.munlock_vma_page(page)
        unlock_page(page)
        put_page(page)
      } else {
        start = munlockBasePages(page, vma, start, end)
        continue
      }
    }
    start += 1 + mask
  }
  again(here, end)
}

export default patch('6ebb4a1b848f', {
  subject: 'thp: fix another corner case of munlock() vs. THPs',
  release: 'v4.11',
  changes: { munlock_vma_pages_range: { before, after: munlock_vma_pages_range } },
})
