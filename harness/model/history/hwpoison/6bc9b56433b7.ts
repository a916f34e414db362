// 6bc9b56433b7 "mm: fix race on soft-offlining free huge pages" (v4.19): a page that is about to fail is marked once it
// is out of use, and not at all if that cannot be. What the machine needs, then, to be told that the page is busy.

import { k } from '../../kernel.ts'
import { EBUSY } from '../../mm/errno.ts'
import { hugetlb_lock } from '../../mm/hugetlb_hstate.ts'
import type { Page } from '../../mm/mm_types.ts'
import { compound_head, PageHuge, page_count, TestSetPageHWPoison } from '../../mm/page-flags.ts'
import { num_poisoned_pages_add } from '../../mm/swapops.ts'
import { spin_lock, spin_unlock } from '../../ops.ts'
import { patch } from '../patch.ts'
import { putbackUnmoved } from './30809f559a0d.ts'
import { after as before, dissolveFree } from './c3114a84f7f9.ts'

/** -EBUSY also for a page that is not free, and for one that is none of hugetlb any more. Takes hugetlb_lock. */
function dissolve_free_huge_page(p: Page): number {
  let rc = -EBUSY
  spin_lock(hugetlb_lock)
  if (PageHuge(p) && page_count(compound_head(p)) === 0) rc = dissolveFree(p)
  spin_unlock(hugetlb_lock)
  return rc
}

function markMovedHugePage(p: Page, _hpage: Page): number {
  const ret = k.dissolve_free_huge_page(p)
  if (ret === 0 && !TestSetPageHWPoison(p)) num_poisoned_pages_add(1)
  return ret
}

/** 0 also for one that stays where it is. */
function soft_offline_free_page(p: Page): number {
  const rc = PageHuge(p) ? k.dissolve_free_huge_page(p) : 0
  if (rc === 0 && !TestSetPageHWPoison(p)) num_poisoned_pages_add(1)
  return 0
}

export const after = { dissolve_free_huge_page, soft_offline_free_page }

export default patch('6bc9b56433b7', {
  subject: 'mm: fix race on soft-offlining free huge pages',
  release: 'v4.19',
  needs: ['c3114a84f7f9'],
  changes: {
    dissolve_free_huge_page: { before: before.dissolve_free_huge_page, after: dissolve_free_huge_page },
    markMovedHugePage: { before: before.markMovedHugePage, after: markMovedHugePage },
    putbackUnmoved: { before: before.putbackUnmoved, after: putbackUnmoved },
    soft_offline_free_page: { before: before.soft_offline_free_page, after: soft_offline_free_page },
  },
})
