// a850ea30374e "hugetlb, rmap: add BUG_ON(!PageLocked) in hugetlb_add_anon_rmap()" (v2.6.36).

import { BUG_ON } from '../../bug.ts'
import { k } from '../../kernel.ts'
import { type Page, type Vma, vm_area } from '../../mm/mm_types.ts'
import { _mapcount } from '../../mm/page-flags.ts'
import { atomic_inc_and_test } from '../../ops.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'
import { hugepage_add_anon_rmap as after } from '../thp-refcount/hugetlb.ts'

export function hugepage_add_anon_rmap(p: Page, vma: Vma, addr: number): void {
  BUG_ON(rd(vma + vm_area.anon_vma) === 0, '!anon_vma')
  BUG_ON(
    addr < rd(vma + vm_area.vm_start) || addr >= rd(vma + vm_area.vm_end),
    'address < vma->vm_start || address >= vma->vm_end',
  )
  if (atomic_inc_and_test(_mapcount(p))) k.__hugepage_set_anon_rmap(p, vma, addr, false)
}

export default patch('a850ea30374e', {
  subject: 'hugetlb, rmap: add BUG_ON(!PageLocked) in hugetlb_add_anon_rmap()',
  release: 'v2.6.36',
  needs: ['0fe6e20b9c4c'],
  changes: { hugepage_add_anon_rmap: { before: hugepage_add_anon_rmap, after } },
})
