// 10c6ec49802b "hugetlb: change free_pool_huge_page to remove_pool_huge_page" (v5.13), of it what is about
// nr_hugepages: the pages that a smaller pool has too many leave it under one hold of hugetlb_lock, and go to the page
// allocator once it is dropped. Before, since 55f67141a892, it is dropped after each, and whoever reserves one of the
// next then finds none.

import { k } from '../../kernel.ts'
import { hugetlb_lock } from '../../mm/hugetlb_hstate.ts'
import {
  shrinkPool as before,
  keptPages,
  pagesInUseToSurplus,
  persistent_huge_pages,
} from '../../mm/hugetlb_surplus.ts'
import type { Hstate } from '../../mm/mm_types.ts'
import { cond_resched_lock } from '../../ops.ts'
import { patch } from '../patch.ts'

/** Here the page allocator has each page when it leaves the pool: nobody can tell. */
function shrinkPool(h: Hstate, count: number, nodes_allowed: number): void {
  const min_count = keptPages(h, count)
  while (min_count < persistent_huge_pages(h)) {
    if (!k.free_pool_huge_page(h, nodes_allowed, false)) break
  }
  cond_resched_lock(hugetlb_lock)
  pagesInUseToSurplus(h, count, nodes_allowed)
}

export default patch('10c6ec49802b', {
  subject: 'hugetlb: change free_pool_huge_page to remove_pool_huge_page',
  release: 'v5.13',
  changes: { shrinkPool: { before, after: shrinkPool } },
})
