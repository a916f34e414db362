// mm/hugetlb.c and the end of mm/rmap.c as of v4.4: maps of a hugetlb page are counted in the _mapcount of its head
// (53f9263baba6), and nothing lies over the fields of its tails.

import { BUG_ON } from '../../bug.ts'
import { k } from '../../kernel.ts'
import * as cow from '../../mm/hugetlb_cow.ts'
import * as pool from '../../mm/hugetlb_pool.ts'
import * as hugetlb_rmap from '../../mm/hugetlb_rmap.ts'
import { INIT_LIST_HEAD } from '../../mm/list.ts'
import { type Page, page, tail, type Vma, vm_area } from '../../mm/mm_types.ts'
import {
  _mapcount,
  clearHugetlbHead,
  PageLocked,
  PG_head,
  page_count,
  page_mapcount,
  setHugetlbHead,
  subpage,
} from '../../mm/page-flags.ts'
import { atomic_add_negative, atomic_inc, atomic_inc_and_test, atomic_set, WRITE_ONCE } from '../../ops.ts'
import * as recount from '../../recount-hugetlb.ts'
import { rd, S, wr, wrRepeat } from '../../store.ts'
import type { Changes } from '../patch.ts'

function prep_compound_huge_page(p: Page, order: number): void {
  wr(p + page.flags, PG_head)
  wrRepeat(subpage(p, 1), pool.tailStruct(p, 0), (1 << order) - 1)
  wr(p + tail.compound_order, order)
  setHugetlbHead(p)
  INIT_LIST_HEAD(p + tail.hugetlb_lru)
  wr(p + tail.private, 0)
}

function destroyCompoundHugePage(p: Page): void {
  clearHugetlbHead(p)
  WRITE_ONCE(p + tail.compound_order, 0)
  wr(p + tail.hugetlb_lru, 0)
}

export function hugetlb_remove_rmap(p: Page): void {
  atomic_add_negative(-1, _mapcount(p))
}

export const hugetlb_dup_rmap = (p: Page): void => atomic_inc(_mapcount(p))

export function hugepage_add_anon_rmap(p: Page, vma: Vma, addr: number): void {
  BUG_ON(!PageLocked(p), '!PageLocked(page)')
  BUG_ON(rd(vma + vm_area.anon_vma) === 0, '!anon_vma')
  if (atomic_inc_and_test(_mapcount(p))) k.__hugepage_set_anon_rmap(p, vma, addr, false)
}

export function hugepage_add_new_anon_rmap(p: Page, vma: Vma, addr: number): void {
  BUG_ON(
    addr < rd(vma + vm_area.vm_start) || addr >= rd(vma + vm_area.vm_end),
    'address < vma->vm_start || address >= vma->vm_end',
  )
  atomic_set(_mapcount(p), 0)
  k.__hugepage_set_anon_rmap(p, vma, addr, true)
}

function checkFreed(p: Page): void {
  BUG_ON(page_count(p) !== 0, 'page_count(page)')
  BUG_ON(page_mapcount(p) !== 0, 'page_mapcount(page)')
}

export const hugetlbMaps = (p: Page): number => S[_mapcount(p)]! + 1

export const changes: Changes = {
  prep_compound_huge_page: { before: prep_compound_huge_page, after: pool.prep_compound_huge_page },
  destroyCompoundHugePage: { before: destroyCompoundHugePage, after: pool.destroyCompoundHugePage },
  checkFreed: { before: checkFreed, after: pool.checkFreed },
  hugetlb_remove_rmap: { before: hugetlb_remove_rmap, after: cow.hugetlb_remove_rmap },
  hugetlb_dup_rmap: { before: hugetlb_dup_rmap, after: cow.hugetlb_dup_rmap },
  hugepage_add_anon_rmap: { before: hugepage_add_anon_rmap, after: hugetlb_rmap.hugepage_add_anon_rmap },
  hugepage_add_new_anon_rmap: { before: hugepage_add_new_anon_rmap, after: hugetlb_rmap.hugepage_add_new_anon_rmap },
  hugetlbMaps: { before: hugetlbMaps, after: recount.hugetlbMaps },
}
