// 7848a4bf51b3 "mm/hugetlb.c: add cond_resched_lock() in return_unused_surplus_pages()" (v3.15). Before, hugetlb_lock
// is held until all are given back. After, others come in between, and may reserve a page that is to go (e5bbc8a6c992).

import { k } from '../../kernel.ts'
import { hstate, hstate_is_gigantic } from '../../mm/hugetlb_hstate.ts'
import { addResv } from '../../mm/hugetlb_pool.ts'
import { return_unused_surplus_pages as after } from '../../mm/hugetlb_surplus.ts'
import type { Hstate } from '../../mm/mm_types.ts'
import { N_MEMORY } from '../../mm/mmzone.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'

function return_unused_surplus_pages(h: Hstate, unused_resv_pages: number): void {
  addResv(h, -unused_resv_pages)
  if (hstate_is_gigantic(h)) return
  for (let nr_pages = Math.min(unused_resv_pages, rd(h + hstate.surplus_huge_pages)); nr_pages > 0; nr_pages--)
    if (!k.free_pool_huge_page(h, N_MEMORY(), true)) break
}

export default patch('7848a4bf51b3', {
  subject: 'mm/hugetlb.c: add cond_resched_lock() in return_unused_surplus_pages()',
  release: 'v3.15',
  changes: { return_unused_surplus_pages: { before: return_unused_surplus_pages, after } },
})
