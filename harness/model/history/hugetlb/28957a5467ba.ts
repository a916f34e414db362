// 28957a5467ba "hugetlb, rmap: add missing unlock in avoidcopy path in hugetlb_cow()" (v2.6.36).

import { k } from '../../kernel.ts'
import { setHugeWritable } from '../../mm/hugetlb_cow.ts'
import type { Page, Pmdp, Vma } from '../../mm/mm_types.ts'
import { PageAnon, page_mapcount, trylock_page, unlock_page } from '../../mm/page-flags.ts'
import { patch } from '../patch.ts'
import { avoidCopy as before } from './0fe6e20b9c4c.ts'

export function avoidCopy(vma: Vma, addr: number, ptep: Pmdp, old_page: Page): boolean {
  if (page_mapcount(old_page) !== 1) return false
  if (trylock_page(old_page)) unlock_page(old_page)
  else if (PageAnon(old_page)) k.page_move_anon_rmap(old_page, vma, addr)
  setHugeWritable(vma, ptep)
  return true
}

export default patch('28957a5467ba', {
  subject: 'hugetlb, rmap: add missing unlock in avoidcopy path in hugetlb_cow()',
  release: 'v2.6.36',
  needs: ['0fe6e20b9c4c'],
  changes: { avoidCopy: { before, after: avoidCopy } },
})
