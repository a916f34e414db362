// 4a705fef9862 "hugetlb: fix copy_hugetlb_page_range() to handle migration/hwpoisoned entry" (v3.16).
//
// Before, fork takes any entry that is not none for one that maps a page. Of a hwpoison entry the frame number stands
// three bits higher than of a present one (arch/x86/include/asm/pgtable_64.h: an offset from bit 9, a frame from bit
// 12), so a page of an eighth of the number gets the reference and the map, whosever it is.

import { k } from '../../kernel.ts'
import { pages_per_huge_page } from '../../mm/hugetlb_hstate.ts'
import { huge_pte_none, huge_pte_present, set_huge_pte_at } from '../../mm/hugetlb_pte.ts'
import { copyHugePte as after, hugetlb_count_add } from '../../mm/hugetlb_range.ts'
import { wrprotect } from '../../mm/memory.ts'
import type { Hstate, Mm, Pmd, Pmdp, Pte } from '../../mm/mm_types.ts'
import { get_page } from '../../mm/page-flags.ts'
import { pfn_to_page, pmd_page, pte_pfn } from '../../mm/pgtable.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'

function copyHugePte(dst: Mm, h: Hstate, dst_pte: Pmdp, src_pte: Pmdp, cow: boolean): void {
  let entry = rd(src_pte) as Pmd
  if (huge_pte_none(entry)) return
  if (cow) set_huge_pte_at(h, src_pte, wrprotect(entry))
  entry = rd(src_pte) as Pmd
  const page = huge_pte_present(entry) ? pmd_page(entry) : pfn_to_page(pte_pfn(entry as number as Pte) >> 3)
  get_page(page)
  k.hugetlb_dup_rmap(page)
  set_huge_pte_at(h, dst_pte, entry)
  // Ours, from v4.4 on: the page that failed is no part of it.
  if (huge_pte_present(entry)) hugetlb_count_add(dst, pages_per_huge_page(h))
}

export default patch('4a705fef9862', {
  subject: 'hugetlb: fix copy_hugetlb_page_range() to handle migration/hwpoisoned entry',
  release: 'v3.16',
  changes: { copyHugePte: { before: copyHugePte, after } },
})
