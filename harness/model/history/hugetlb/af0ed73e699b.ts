// af0ed73e699b "mm, hugetlb: decrement reserve count if VM_NORESERVE alloc page cache" (v3.12), with f522c3ac00a4 "mm,
// hugetlb: add VM_NORESERVE check in vma_has_reserves()".
//
// Before, every shared mapping has reserves, also one that has reserved nothing: it takes pages that are promised to
// others, and does not count them as taken. What no mapping is, fallocate(2), came later, and is as it was when it
// came.

import { k } from '../../kernel.ts'
import { dequeue_huge_page_vma as after } from '../../mm/hugetlb_alloc.ts'
import { hstate } from '../../mm/hugetlb_hstate.ts'
import { addResv, resv_huge_pages } from '../../mm/hugetlb_pool.ts'
import { type Hstate, NULL, type Page, VM_MAYSHARE, VM_NORESERVE, type Vma, vm_area } from '../../mm/mm_types.ts'
import { nr_online_nodes, numa_node_id, zonelist } from '../../mm/mmzone.ts'
import { SetPagePrivate } from '../../mm/page-flags.ts'
import { test_bit } from '../../ops.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'

function dequeue_huge_page_vma(h: Hstate, vma: Vma, avoid_reserve: boolean, chg: number): Page {
  const noreserve = (rd(vma + vm_area.vm_flags) & VM_NORESERVE) !== 0
  const hasReserves = noreserve && test_bit(vma + vm_area.vm_flags, VM_MAYSHARE) ? true : k.vma_has_reserves(vma, chg)
  const unreserved = rd(h + hstate.free_huge_pages) - resv_huge_pages(h)
  if (!hasReserves && unreserved === 0) return NULL
  if (avoid_reserve && unreserved === 0) return NULL
  for (let i = 0; i < nr_online_nodes; i++) {
    const p = k.dequeue_huge_page_node(h, zonelist(numa_node_id(), i))
    if (p === NULL) continue
    // decrement_hugepage_resv_vma
    if (!avoid_reserve && hasReserves && !noreserve) {
      SetPagePrivate(p)
      addResv(h, -1)
    }
    return p
  }
  return NULL
}

export default patch('af0ed73e699b', {
  subject: 'mm, hugetlb: decrement reserve count if VM_NORESERVE alloc page cache',
  release: 'v3.12',
  with: ['f522c3ac00a4'],
  changes: { dequeue_huge_page_vma: { before: dequeue_huge_page_vma, after } },
})
