// 5f24ae585be9 "hwpoison, hugetlbfs: fix RSS-counter warning" (v3.8). Huge pages of hugetlb are no part of a process's
// RSS. Before, each that fails is taken off it, as a small page is, and the process ends with "Bad rss-counter state".

import { k } from '../../kernel.ts'
import { hstate_vma, pages_per_huge_page } from '../../mm/hugetlb_hstate.ts'
import { huge_pte_lock, huge_pte_offset, huge_pte_present, set_huge_pte_at } from '../../mm/hugetlb_pte.ts'
import { hugetlb_count_add } from '../../mm/hugetlb_range.ts'
import { add_anon_rss } from '../../mm/memory.ts'
import { unmapPoisonedHuge as after } from '../../mm/memory-failure_huge.ts'
import { type Mm, NULL, type Page, type Pmd, type Vma, vm_area } from '../../mm/mm_types.ts'
import { PageAnon, put_page, SetPageDirty } from '../../mm/page-flags.ts'
import { DIRTY, PSE, pmd_page } from '../../mm/pgtable.ts'
import { make_hwpoison_entry } from '../../mm/swapops.ts'
import { spin_unlock } from '../../ops.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'

function unmapPoisonedHuge(hpage: Page, vma: Vma, addr: number): void {
  const mm = rd(vma + vm_area.vm_mm) as Mm
  const h = hstate_vma(vma)
  const ptep = huge_pte_offset(mm, addr, h)
  if (ptep === NULL) return
  const ptl = huge_pte_lock(h, mm, addr)
  const entry = rd(ptep) as Pmd
  if (huge_pte_present(entry) && pmd_page(entry) === hpage) {
    set_huge_pte_at(h, ptep, 0 as Pmd)
    if (entry & DIRTY) SetPageDirty(hpage)
    // Of a page of a file MM_FILEPAGES.
    if (PageAnon(hpage)) add_anon_rss(mm, -1)
    hugetlb_count_add(mm, -pages_per_huge_page(h))
    set_huge_pte_at(h, ptep, (make_hwpoison_entry(hpage) | PSE) as number as Pmd)
    k.hugetlb_remove_rmap(hpage)
    put_page(hpage)
  }
  spin_unlock(ptl)
}

export default patch('5f24ae585be9', {
  subject: 'hwpoison, hugetlbfs: fix RSS-counter warning',
  release: 'v3.8',
  needs: ['0fe6e20b9c4c', '7af446a841a2'],
  changes: { unmapPoisonedHuge: { before: unmapPoisonedHuge, after } },
})
