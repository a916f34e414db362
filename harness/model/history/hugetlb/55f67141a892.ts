// 55f67141a892 "mm: hugetlb: fix softlockup when a large number of hugepages are freed." (v3.15). Before, hugetlb_lock
// is held while a pool shrinks. After, others come in between, and may reserve a page that is to go (10c6ec49802b).

import { k } from '../../kernel.ts'
import { shrinkPool as after, keptPages, pagesInUseToSurplus, persistent_huge_pages } from '../../mm/hugetlb_surplus.ts'
import type { Hstate } from '../../mm/mm_types.ts'
import { patch } from '../patch.ts'

function shrinkPool(h: Hstate, count: number, nodes_allowed: number): void {
  const min_count = keptPages(h, count)
  while (min_count < persistent_huge_pages(h)) {
    if (!k.free_pool_huge_page(h, nodes_allowed, false)) break
  }
  pagesInUseToSurplus(h, count, nodes_allowed)
}

export default patch('55f67141a892', {
  subject: 'mm: hugetlb: fix softlockup when a large number of hugepages are freed.',
  release: 'v3.15',
  changes: { shrinkPool: { before: shrinkPool, after } },
})
