// 4ef918480177 "mm, hugetlb: add a check of reserve in alloc_huge_page_node()" (v3.12). Before, a huge page that moves
// may take the last page that somebody has reserved, who then gets a SIGBUS.

import { k } from '../../kernel.ts'
import { hugetlb_lock } from '../../mm/hugetlb_hstate.ts'
import { alloc_huge_page_node as after } from '../../mm/hugetlb_migrate.ts'
import { type Hstate, NULL, type Page } from '../../mm/mm_types.ts'
import { spin_lock, spin_unlock } from '../../ops.ts'
import { patch } from '../patch.ts'

function alloc_huge_page_node(h: Hstate, nid: number): Page {
  spin_lock(hugetlb_lock)
  const p = k.dequeue_huge_page_node(h, nid)
  spin_unlock(hugetlb_lock)
  return p === NULL ? k.__alloc_buddy_huge_page(h, nid) : p
}

export default patch('4ef918480177', {
  subject: 'mm, hugetlb: add a check of reserve in alloc_huge_page_node()',
  release: 'v3.12',
  needs: ['290408d4a250'],
  changes: { alloc_huge_page_node: { before: alloc_huge_page_node, after } },
})
