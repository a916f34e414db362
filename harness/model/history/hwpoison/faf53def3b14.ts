// faf53def3b14 "mm: hugetlb: soft-offline: dissolve_free_huge_page() return zero on !PageHuge" (v5.2), and the other
// half of its series, b38e5962f8ed "mm: soft-offline: return -EBUSY if set_hwpoison_free_buddy_page() fails".
//
// Before, a huge page that has gone to the page allocator by itself once it has moved, as a surplus page does, is
// called busy, and is not marked; a free one that is reserved and stays is not called busy.

import { k } from '../../kernel.ts'
import { EBUSY } from '../../mm/errno.ts'
import { hugetlb_lock } from '../../mm/hugetlb_hstate.ts'
import type { Page } from '../../mm/mm_types.ts'
import { compound_head, PageHuge, page_count, TestSetPageHWPoison } from '../../mm/page-flags.ts'
import { num_poisoned_pages_add } from '../../mm/swapops.ts'
import { spin_lock, spin_unlock } from '../../ops.ts'
import { patch } from '../patch.ts'
import { after as before } from './6bc9b56433b7.ts'
import { dissolveFree } from './c3114a84f7f9.ts'

/** 0: it is with the page allocator, since now or before. Takes hugetlb_lock. */
function dissolve_free_huge_page(p: Page): number {
  // Nobody who has nothing to do with hugetlb shall wait for its lock.
  if (!PageHuge(p)) return 0
  let rc = -EBUSY
  spin_lock(hugetlb_lock)
  if (!PageHuge(p)) rc = 0
  else if (page_count(compound_head(p)) === 0) rc = dissolveFree(p)
  spin_unlock(hugetlb_lock)
  return rc
}

function soft_offline_free_page(p: Page): number {
  const rc = k.dissolve_free_huge_page(p)
  if (rc === 0 && !TestSetPageHWPoison(p)) num_poisoned_pages_add(1)
  return rc
}

export default patch('faf53def3b14', {
  subject: 'mm: hugetlb: soft-offline: dissolve_free_huge_page() return zero on !PageHuge',
  release: 'v5.2',
  needs: ['6bc9b56433b7'],
  changes: {
    dissolve_free_huge_page: { before: before.dissolve_free_huge_page, after: dissolve_free_huge_page },
    soft_offline_free_page: { before: before.soft_offline_free_page, after: soft_offline_free_page },
  },
})
