// 3cd14fcd3f12 "thp: account anon transparent huge pages into NR_ANON_PAGES" (September 2013, v3.12).
//
// Before, a huge page was counted as such only, and as N anonymous pages from its split on. AnonPages of /proc/meminfo
// did not change, for it was the sum of both.

import { k } from '../../kernel.ts'
import { debug_vm, HPAGE_PMD_NR } from '../../mm/init.ts'
import { type Page, type Vma, vm_area } from '../../mm/mm_types.ts'
import {
  _mapcount,
  PageAnon,
  PageMlocked,
  PageTransHuge,
  SetPageSwapBacked,
  VM_BUG_ON_VMA,
} from '../../mm/page-flags.ts'
import {
  anonPages as anonPages_4_5,
  global_page_state,
  mod_zone_page_state,
  NR_ANON_PAGES,
  NR_ANON_TRANSPARENT_HUGEPAGES,
} from '../../mm/vmstat.ts'
import { atomic_add_negative, atomic_set } from '../../ops.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'
import { accountSplit } from './huge_memory_split.ts'
import * as after from './rmap.ts'

function page_add_new_anon_rmap(p: Page, vma: Vma, addr: number): void {
  const outside = debug_vm && (addr < rd(vma + vm_area.vm_start) || addr >= rd(vma + vm_area.vm_end))
  VM_BUG_ON_VMA(outside, vma, 'address < vma->vm_start || address >= vma->vm_end')
  SetPageSwapBacked(p)
  atomic_set(_mapcount(p), 0)
  mod_zone_page_state(PageTransHuge(p) ? NR_ANON_TRANSPARENT_HUGEPAGES : NR_ANON_PAGES, 1)
  k.__page_set_anon_rmap(p, vma, addr, true)
}

function page_remove_rmap(p: Page): void {
  if (!PageAnon(p)) {
    k.page_remove_file_rmap(p)
    return
  }
  if (!atomic_add_negative(-1, _mapcount(p))) return
  mod_zone_page_state(PageTransHuge(p) ? NR_ANON_TRANSPARENT_HUGEPAGES : NR_ANON_PAGES, -1)
  if (PageMlocked(p)) k.clear_page_mlock(p)
}

/** What __split_huge_page_refcount does with the counters. */
function accountSplitBefore(): void {
  mod_zone_page_state(NR_ANON_TRANSPARENT_HUGEPAGES, -1)
  mod_zone_page_state(NR_ANON_PAGES, HPAGE_PMD_NR)
}

const anonPages = (): number =>
  global_page_state(NR_ANON_PAGES) + global_page_state(NR_ANON_TRANSPARENT_HUGEPAGES) * HPAGE_PMD_NR

export default patch('3cd14fcd3f12', {
  subject: 'thp: account anon transparent huge pages into NR_ANON_PAGES',
  release: 'v3.12',
  changes: {
    page_add_new_anon_rmap: { before: page_add_new_anon_rmap, after: after.page_add_new_anon_rmap },
    page_remove_rmap: { before: page_remove_rmap, after: after.page_remove_rmap },
    accountSplit: { before: accountSplitBefore, after: accountSplit },
    anonPages: { before: anonPages, after: anonPages_4_5 },
  },
})
