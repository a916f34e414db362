// e5bbc8a6c992 "mm/hugetlb.c: fix reservation race when freeing surplus pages" (v4.10): a reservation is taken back
// with the page that was had for it. Before, all are at once, and while the pages go, one after another, whoever finds
// the lock free reserves one of them: it goes all the same, and his fault finds none.

import { k } from '../../kernel.ts'
import { hstate, hstate_is_gigantic, hugetlb_lock } from '../../mm/hugetlb_hstate.ts'
import { addResv } from '../../mm/hugetlb_pool.ts'
import { return_unused_surplus_pages as before } from '../../mm/hugetlb_surplus.ts'
import type { Hstate } from '../../mm/mm_types.ts'
import { N_MEMORY } from '../../mm/mmzone.ts'
import { cond_resched_lock } from '../../ops.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'

function return_unused_surplus_pages(h: Hstate, unused_resv_pages: number): void {
  let nr_pages = hstate_is_gigantic(h) ? 0 : Math.min(unused_resv_pages, rd(h + hstate.surplus_huge_pages))
  for (; nr_pages > 0; nr_pages--) {
    addResv(h, -1)
    unused_resv_pages--
    if (!k.free_pool_huge_page(h, N_MEMORY(), true)) break
    cond_resched_lock(hugetlb_lock)
  }
  addResv(h, -unused_resv_pages)
}

export default patch('e5bbc8a6c992', {
  subject: 'mm/hugetlb.c: fix reservation race when freeing surplus pages',
  release: 'v4.10',
  changes: { return_unused_surplus_pages: { before, after: return_unused_surplus_pages } },
})
