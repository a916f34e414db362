// 46612b751c49 "mm: hwpoison: fix thp split handing in soft_offline_in_use_page()" (v5.1): what c3901e722b29 did for
// memory that has failed, for memory that is about to.

import { k } from '../../kernel.ts'
import { EBUSY } from '../../mm/errno.ts'
import { soft_offline_in_use_page as before } from '../../mm/memory-failure_soft.ts'
import type { Page } from '../../mm/mm_types.ts'
import { compound_head, lock_page, PageAnon, PageHuge, PageTransHuge, unlock_page } from '../../mm/page-flags.ts'
import { patch } from '../patch.ts'

export function soft_offline_in_use_page(p: Page): number {
  if (!PageHuge(p) && PageTransHuge(compound_head(p))) {
    lock_page(p)
    if (!PageAnon(p) || k.split_huge_page_to_list(p) !== 0) {
      unlock_page(p)
      k.put_hwpoison_page(p)
      return -EBUSY
    }
    unlock_page(p)
  }
  return PageHuge(p) ? k.soft_offline_huge_page(p) : k.__soft_offline_page(p)
}

export default patch('46612b751c49', {
  subject: 'mm: hwpoison: fix thp split handing in soft_offline_in_use_page()',
  release: 'v5.1',
  changes: { soft_offline_in_use_page: { before, after: soft_offline_in_use_page } },
})
