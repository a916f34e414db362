// Map counts and reverse mapping of hugetlb pages (the end of mm/rmap.c, v4.5): they are in none of the zone's
// counters.

import { BUG_ON } from '../bug.ts'
import { k } from '../kernel.ts'
import { atomic_inc_and_test, atomic_set, WRITE_ONCE } from '../ops.ts'
import { rd, wr } from '../store.ts'
import { type AnonVma, NULL, PAGE_MAPPING_ANON, type Page, page, type Vma, vm_area } from './mm_types.ts'
import { compound_mapcount_ptr, PageAnon, PageLocked } from './page-flags.ts'
import { linear_page_index } from './rmap.ts'

/** Sets mapping and index of a page that has none yet; unless exclusive, the oldest anon_vma must do. */
export function __hugepage_set_anon_rmap(p: Page, vma: Vma, addr: number, exclusive: boolean): void {
  const av = rd(vma + vm_area.anon_vma) as AnonVma
  BUG_ON(av === NULL, '!anon_vma')
  if (PageAnon(p)) return
  WRITE_ONCE(p + page.mapping, (exclusive ? av : k.oldestAnonVma(vma)) + PAGE_MAPPING_ANON)
  wr(p + page.index, linear_page_index(vma, addr))
}

/** A map of a private page that had maps before. Caller holds the page lock and the page table lock. */
export function hugepage_add_anon_rmap(p: Page, vma: Vma, addr: number): void {
  BUG_ON(!PageLocked(p), '!PageLocked(page)')
  BUG_ON(rd(vma + vm_area.anon_vma) === 0, '!anon_vma')
  const first = atomic_inc_and_test(compound_mapcount_ptr(p))
  if (first) k.__hugepage_set_anon_rmap(p, vma, addr, false)
}

/** The first map of a new private page. Caller holds the page table lock. */
export function hugepage_add_new_anon_rmap(p: Page, vma: Vma, addr: number): void {
  BUG_ON(
    addr < rd(vma + vm_area.vm_start) || addr >= rd(vma + vm_area.vm_end),
    'address < vma->vm_start || address >= vma->vm_end',
  )
  atomic_set(compound_mapcount_ptr(p), 0)
  k.__hugepage_set_anon_rmap(p, vma, addr, true)
}
