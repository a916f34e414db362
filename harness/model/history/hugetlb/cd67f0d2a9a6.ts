// cd67f0d2a9a6 "hugetlb, rmap: use hugepage_add_new_anon_rmap() in hugetlb_cow()" (v2.6.36): the copy is the writer's
// alone, and leads to his anon_vma, not to the oldest one.

import { k } from '../../kernel.ts'
import { countCopy as after } from '../../mm/hugetlb_cow.ts'
import type { Page, Vma } from '../../mm/mm_types.ts'
import { patch } from '../patch.ts'

export function countCopy(vma: Vma, addr: number, old_page: Page, new_page: Page): void {
  k.hugetlb_remove_rmap(old_page)
  k.hugepage_add_anon_rmap(new_page, vma, addr)
}

export default patch('cd67f0d2a9a6', {
  subject: 'hugetlb, rmap: use hugepage_add_new_anon_rmap() in hugetlb_cow()',
  release: 'v2.6.36',
  needs: ['0fe6e20b9c4c'],
  changes: { countCopy: { before: countCopy, after } },
})
