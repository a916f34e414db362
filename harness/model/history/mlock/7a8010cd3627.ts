// 7a8010cd3627 "mm: munlock: manual pte walk in fast path instead of follow_page_mask()" (v3.12).
//
// Base pages behind the first are taken from the page table under one lock. Before, each is looked up, and the pagevec
// is munlocked when it is full and before a huge page. (Four patches that only save time lie between 7225522bb429 and
// this one; among them 56afe477df3c, which puts pages back past the per-CPU pagevec, is already in what follows here.)
//
// After, and to v4.4, nothing tells get_locked_pte that the PMD is still huge where a split has made a page small that
// munlock had pinned as a huge one: see fillFromHugePage.

import { k } from '../../kernel.ts'
import { IS_ERR } from '../../mm/errno.ts'
import { FOLL_DUMP, FOLL_GET, NULL, type Page, VM_LOCKED_CLEAR_MASK, type Vma, vm_area } from '../../mm/mm_types.ts'
import { lock_page, PageTail, PageTransHuge, put_page, unlock_page, VM_BUG_ON_PAGE } from '../../mm/page-flags.ts'
import { load_int, local_int } from '../../mm/stack.ts'
import { PAGEVEC_SIZE } from '../../mm/swap.ts'
import { WRITE_ONCE } from '../../ops.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'
import { munlock_vma_pages_range as after } from './c424be1cbbf8.ts'
import { __munlock_pagevec_fill as fill_3_12 } from './mlock-4.4.ts'

export function munlock_vma_pages_range(vma: Vma, start: number, end: number): void {
  WRITE_ONCE(vma + vm_area.vm_flags, rd(vma + vm_area.vm_flags) & VM_LOCKED_CLEAR_MASK)
  let pvec: Page[] = []
  while (start < end) {
    const page_mask = local_int(0)
    const page = k.follow_page_mask(vma, start, FOLL_GET | FOLL_DUMP, page_mask)
    let mask = load_int(page_mask)
    if (page !== NULL && !IS_ERR(page)) {
      VM_BUG_ON_PAGE(PageTail(page), page, 'PageTail(page)')
      if (PageTransHuge(page)) {
        if (pvec.length > 0) k.__munlock_pagevec(pvec)
        pvec = []
        lock_page(page)
        mask = k.munlock_vma_page(page)
        unlock_page(page)
        put_page(page)
      } else {
        pvec.push(page)
      }
    }
    if (pvec.length === PAGEVEC_SIZE) {
      k.__munlock_pagevec(pvec)
      pvec = []
    }
    start += 1 + (~start & mask)
  }
  if (pvec.length > 0) k.__munlock_pagevec(pvec)
}

export default patch('7a8010cd3627', {
  subject: 'mm: munlock: manual pte walk in fast path instead of follow_page_mask()',
  release: 'v3.12',
  needs: ['7225522bb429', '1ebb7cc6a583'],
  changes: {
    __munlock_pagevec_fill: { before: undefined, after: fill_3_12 },
    munlock_vma_pages_range: { before: munlock_vma_pages_range, after },
  },
})
