// 37a2140dc214 "mm, hugetlb: do not use a page in page cache for cow optimization" (v3.12).
//
// A page of the file that is mapped once, by the private mapping that writes, was taken for that mapping's own since
// 0fe6e20b9c4c: the write went into the file.

import { k } from '../../kernel.ts'
import { avoidCopy as after, setHugeWritable } from '../../mm/hugetlb_cow.ts'
import type { Page, Pmdp, Vma } from '../../mm/mm_types.ts'
import { PageAnon, page_mapcount } from '../../mm/page-flags.ts'
import { patch } from '../patch.ts'

export function avoidCopy(vma: Vma, addr: number, ptep: Pmdp, old_page: Page): boolean {
  if (page_mapcount(old_page) !== 1) return false
  if (PageAnon(old_page)) k.page_move_anon_rmap(old_page, vma, addr)
  setHugeWritable(vma, ptep)
  return true
}

export default patch('37a2140dc214', {
  subject: 'mm, hugetlb: do not use a page in page cache for cow optimization',
  release: 'v3.12',
  changes: { avoidCopy: { before: avoidCopy, after } },
})
