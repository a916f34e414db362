// 66aebce747ea "hugetlb: fix race condition in hugetlb_fault()" (v3.4), with b76c8cfbff94 "hugetlb: prevent BUG_ON in
// hugetlb_fault() -> hugetlb_cow()" behind it.
//
// The fault holds the page that it locks: hugetlb_cow may put the last reference, and who gets the page next would find
// it locked, or unlocked by a stranger. So a page that was taken from all children may have two references, which
// hugetlb_cow had called a bug.

import { BUG_ON } from '../../bug.ts'
import { k } from '../../kernel.ts'
import { stealFromChildren as stealFromChildren_4_5 } from '../../mm/hugetlb_cow.ts'
import { lockPagecachePage } from '../../mm/hugetlb_fault.ts'
import { type Mm, NULL, type Page, type Pmd, type Pmdp, VM_FAULT_OOM, type Vma } from '../../mm/mm_types.ts'
import { get_page, lock_page, page_count, put_page, unlock_page } from '../../mm/page-flags.ts'
import { pmd_page } from '../../mm/pgtable.ts'
import { patch } from '../patch.ts'
import { accessUnlessChanged } from './0fe6e20b9c4c.ts'
import { hugetlb_present as hugetlb_present_1f64d69c7ad2 } from './1f64d69c7ad2.ts'

export function hugetlb_present(
  mm: Mm,
  vma: Vma,
  addr: number,
  ptep: Pmdp,
  entry: Pmd,
  flags: number,
): readonly [ret: number, wait: Page] {
  const pagecache_page = lockPagecachePage(vma, addr, entry, flags)
  if (pagecache_page < 0) return [VM_FAULT_OOM, NULL]
  const page = pmd_page(entry)
  get_page(page)
  if (page !== pagecache_page) lock_page(page)
  const ret = accessUnlessChanged(mm, vma, addr, ptep, entry, flags, pagecache_page)
  if (page !== pagecache_page) unlock_page(page)
  put_page(page)
  return [ret, NULL]
}

function stealFromChildren(_mm: Mm, vma: Vma, old_page: Page, addr: number): void {
  k.unmap_ref_private(vma, old_page, addr)
  BUG_ON(page_count(old_page) !== 1, 'page_count(old_page) != 1')
}

export default patch('66aebce747ea', {
  subject: 'hugetlb: fix race condition in hugetlb_fault()',
  release: 'v3.4',
  with: ['b76c8cfbff94'],
  changes: {
    hugetlb_present: { before: hugetlb_present_1f64d69c7ad2, after: hugetlb_present },
    stealFromChildren: { before: stealFromChildren, after: stealFromChildren_4_5 },
  },
})
