// 44e2aa937e69 "hugetlb, rmap: add missing spin_lock() to hugetlb_cow()" (v2.6.37): the caller unlocks what hugetlb_cow
// hands back locked, also where there was no memory. Both pages still keep the references that were taken for the copy.

import { k } from '../../kernel.ts'
import type { Page, Vma } from '../../mm/mm_types.ts'
import { spin_lock } from '../../ops.ts'
import { patch } from '../patch.ts'
import { prepareCopy as before } from './0fe6e20b9c4c.ts'

export function prepareCopy(vma: Vma, _addr: number, _old_page: Page, _new_page: Page, ptl: number): boolean {
  if (k.anon_vma_prepare(vma) === 0) return true
  spin_lock(ptl)
  return false
}

export default patch('44e2aa937e69', {
  subject: 'hugetlb, rmap: add missing spin_lock() to hugetlb_cow()',
  release: 'v2.6.37',
  needs: ['0fe6e20b9c4c'],
  changes: { prepareCopy: { before, after: prepareCopy } },
})
