// 409eb8c26 "mm/hugetlb.c: undo change to page mapcount in fault handler" (v3.4).
//
// A map is counted when the entry is made. Before, when the page was found, and a fault that found the file shorter by
// then, or somebody's entry, left the count where it was.

import { k } from '../../kernel.ts'
import * as v4_5 from '../../mm/hugetlb_fault.ts'
import type { Page, Vma } from '../../mm/mm_types.ts'
import { lock_page } from '../../mm/page-flags.ts'
import { patch } from '../patch.ts'

export function preparePrivatePage(page: Page, vma: Vma, addr: number): boolean {
  lock_page(page)
  if (k.anon_vma_prepare(vma) !== 0) return false
  k.hugepage_add_new_anon_rmap(page, vma, addr)
  return true
}

export const prepareCachePage = (page: Page): void => k.hugetlb_dup_rmap(page)

export function countFirstMap(_page: Page, _vma: Vma, _addr: number, _anon_rmap: boolean): void {}

export default patch('409eb8c26', {
  subject: 'mm/hugetlb.c: undo change to page mapcount in fault handler',
  release: 'v3.4',
  changes: {
    preparePrivatePage: { before: preparePrivatePage, after: v4_5.preparePrivatePage },
    prepareCachePage: { before: prepareCachePage, after: v4_5.prepareCachePage },
    countFirstMap: { before: countFirstMap, after: v4_5.countFirstMap },
  },
})
