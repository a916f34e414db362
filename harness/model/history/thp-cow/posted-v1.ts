// The first posting of 6d0a07edd17c (Andrea Arcangeli, 29 April 2016, "[PATCH 1/1] mm: thp: calculate the mapcount
// correctly for THP pages during WP faults").
//
// What its review found: the reused page is moved to the faulting vma's anon_vma although other processes may map
// other parts of it (Kirill A. Shutemov), and it is the faulting base page that is handed on, not the head: the
// helper then counts as many struct pages from there, past the end of the huge page.

import { k } from '../../kernel.ts'
import { do_huge_pmd_wp_page as do_huge_pmd_wp_page_4_5 } from '../../mm/huge_memory.ts'
import { HPAGE_PMD_NR } from '../../mm/init.ts'
import type { Page } from '../../mm/mm_types.ts'
import {
  _mapcount,
  compound_mapcount,
  PageCompound,
  PageDoubleMap,
  PageLocked,
  PageTail,
  subpage,
  VM_BUG_ON_PAGE,
} from '../../mm/page-flags.ts'
import {
  reuse_swap_page as reuse_swap_page_4_5,
  reuse_swap_page_noswap as reuse_swap_page_noswap_4_5,
} from '../../mm/swapfile.ts'
import { atomic_read } from '../../ops.ts'
import { patch } from '../patch.ts'
import { do_huge_pmd_wp_page } from './6d0a07edd17c.ts'

function page_trans_huge_mapcount(page: Page): number {
  VM_BUG_ON_PAGE(PageTail(page), page, 'PageTail(page)')
  if (!PageCompound(page)) return atomic_read(_mapcount(page)) + 1
  let ret = 0
  for (let i = 0; i < HPAGE_PMD_NR; i++) ret = Math.max(ret, atomic_read(_mapcount(subpage(page, i))) + 1)
  if (PageDoubleMap(page)) ret -= 1
  return ret + compound_mapcount(page)
}

function reuse_swap_page(page: Page): boolean {
  VM_BUG_ON_PAGE(!PageLocked(page), page, '!PageLocked(page)')
  return k.reusedOfSwap(page, k.page_trans_huge_mapcount(page))
}

function reuse_swap_page_noswap(page: Page): boolean {
  return k.page_trans_huge_mapcount(page) === 1
}

export default patch('thp-mapcount-posted-v1', {
  subject: 'mm: thp: calculate the mapcount correctly for THP pages during WP faults (posted 29 April 2016)',
  release: undefined,
  standsFor: '6d0a07edd17c',
  changes: {
    page_trans_huge_mapcount: { before: undefined, after: page_trans_huge_mapcount },
    reuse_swap_page: { before: reuse_swap_page_4_5, after: reuse_swap_page },
    reuse_swap_page_noswap: { before: reuse_swap_page_noswap_4_5, after: reuse_swap_page_noswap },
    do_huge_pmd_wp_page: { before: do_huge_pmd_wp_page_4_5, after: do_huge_pmd_wp_page },
  },
})
