// "[PATCH 1/7] hugetlb, rmap: add reverse mapping for hugepage" (linux-mm, Naoya Horiguchi, 13 May 2010, on
// v2.6.34-rc7), which became 0fe6e20b9c4c.
//
// A copy is counted for a vma that may have no anon_vma: its author took it that a fork had made one, but a private
// mapping copies a page of the file, too, without any fork. And a private mapping that reads a page of the file is not
// counted, while each that unmaps one is. Whether a write may have the page is still told by its references.

import { BUG_ON } from '../../bug.ts'
import { k } from '../../kernel.ts'
import {
  type AnonVma,
  NULL,
  PAGE_MAPPING_ANON,
  type Page,
  page as struct_page,
  VM_MAYSHARE,
  type Vma,
  vm_area,
} from '../../mm/mm_types.ts'
import { _mapcount, lock_page } from '../../mm/page-flags.ts'
import { linear_page_index } from '../../mm/rmap.ts'
import { atomic_inc_and_test, test_bit, WRITE_ONCE } from '../../ops.ts'
import * as recount from '../../recount-hugetlb.ts'
import { rd, wr } from '../../store.ts'
import { patch } from '../patch.ts'
import { hugetlb_dup_rmap, hugetlb_remove_rmap, hugetlbMaps } from '../thp-refcount/hugetlb.ts'
import { before } from './0fe6e20b9c4c.ts'

function hugepage_add_anon_rmap(p: Page, vma: Vma, addr: number): void {
  const av = rd(vma + vm_area.anon_vma) as AnonVma
  BUG_ON(av === NULL, '!anon_vma')
  BUG_ON(
    addr < rd(vma + vm_area.vm_start) || addr >= rd(vma + vm_area.vm_end),
    'address < vma->vm_start || address >= vma->vm_end',
  )
  if (!atomic_inc_and_test(_mapcount(p))) return
  WRITE_ONCE(p + struct_page.mapping, av + PAGE_MAPPING_ANON)
  wr(p + struct_page.index, linear_page_index(vma, addr))
}

function preparePrivatePage(page: Page, vma: Vma, addr: number): boolean {
  lock_page(page)
  if (k.anon_vma_prepare(vma) !== 0) return false
  k.hugepage_add_anon_rmap(page, vma, addr)
  return true
}

/** A private one is counted already, or is about to be copied; so its author thought. */
function countFirstMap(page: Page, vma: Vma, _addr: number, _anon_rmap: boolean): void {
  if (test_bit(vma + vm_area.vm_flags, VM_MAYSHARE)) k.hugetlb_dup_rmap(page)
}

function countCopy(vma: Vma, addr: number, old_page: Page, new_page: Page): void {
  k.hugetlb_remove_rmap(old_page)
  k.hugepage_add_anon_rmap(new_page, vma, addr)
}

export default patch('hugetlb-rmap-posted-v1', {
  subject: '[PATCH 1/7] hugetlb, rmap: add reverse mapping for hugepage',
  release: undefined,
  standsFor: '0fe6e20b9c4c',
  changes: {
    hugepage_add_anon_rmap: { before: undefined, after: hugepage_add_anon_rmap },
    preparePrivatePage: { before: before.preparePrivatePage, after: preparePrivatePage },
    countFirstMap: { before: before.countFirstMap, after: countFirstMap },
    countCopy: { before: before.countCopy, after: countCopy },
    hugetlb_dup_rmap: { before: before.hugetlb_dup_rmap, after: hugetlb_dup_rmap },
    hugetlb_remove_rmap: { before: before.hugetlb_remove_rmap, after: hugetlb_remove_rmap },
    hugetlbMaps: { before: before.hugetlbMaps, after: hugetlbMaps },
    isPrivateHugePage: { before: before.isPrivateHugePage, after: recount.isPrivateHugePage },
  },
})
