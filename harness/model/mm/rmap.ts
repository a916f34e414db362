// Reverse mapping of anonymous pages (the second half of mm/rmap.c, v4.5): where a page says that it belongs, and how
// often it is mapped. Counts change under the page table lock of the entry.

import { BUG_ON } from '../bug.ts'
import { k } from '../kernel.ts'
import { atomic_add_negative, atomic_inc, atomic_inc_and_test, atomic_set, WRITE_ONCE } from '../ops.ts'
import { rd, wr } from '../store.ts'
import { hstate_vma, is_vm_hugetlb_page } from './hugetlb_hstate.ts'
import { vma_hugecache_offset } from './hugetlb_resv.ts'
import { debug_vm, HPAGE_PMD_NR } from './init.ts'
import { type AnonVma, NULL, PAGE_MAPPING_ANON, type Page, page, type Vma, vm_area } from './mm_types.ts'
import {
  _mapcount,
  compound_head,
  compound_mapcount_ptr,
  PageAnon,
  PageLocked,
  PageMlocked,
  PageTransCompound,
  PageTransHuge,
  SetPageSwapBacked,
  subpage,
  TestClearPageDoubleMap,
  VM_BUG_ON_PAGE,
  VM_BUG_ON_VMA,
} from './page-flags.ts'
import { mod_zone_page_state, NR_ANON_PAGES, NR_ANON_TRANSPARENT_HUGEPAGES } from './vmstat.ts'

/**
 * include/linux/pagemap.h: where an address stands in the object it maps. Below vm_start the distance in bytes wraps
 * as an unsigned long before it is shifted, so that the index is far off (5a49973d7143).
 */
export function linear_page_index(vma: Vma, addr: number): number {
  if (is_vm_hugetlb_page(vma)) return vma_hugecache_offset(hstate_vma(vma), vma, addr)
  const distance = addr - rd(vma + vm_area.vm_start)
  return (distance < 0 ? distance + 2 ** 52 : distance) + rd(vma + vm_area.vm_pgoff)
}

/** `p` is ours alone: from now on rmap looks for it in our vma's family branch only. Caller holds the page lock. */
export function page_move_anon_rmap(p: Page, vma: Vma, addr: number): void {
  const av = rd(vma + vm_area.anon_vma) as AnonVma
  VM_BUG_ON_PAGE(!PageLocked(p), p, '!PageLocked(page)')
  VM_BUG_ON_VMA(av === NULL, vma, '!anon_vma')
  VM_BUG_ON_PAGE(
    rd(p + page.index) !== linear_page_index(vma, addr),
    p,
    'page->index != linear_page_index(vma, address)',
  )
  WRITE_ONCE(p + page.mapping, av + PAGE_MAPPING_ANON)
}

/** Sets mapping and index of a page that has none yet; unless exclusive, the oldest anon_vma must do. */
export function __page_set_anon_rmap(p: Page, vma: Vma, addr: number, exclusive: boolean): void {
  const av = rd(vma + vm_area.anon_vma) as AnonVma
  BUG_ON(av === NULL, '!anon_vma')
  if (PageAnon(p)) return
  WRITE_ONCE(p + page.mapping, (exclusive ? av : k.oldestAnonVma(vma)) + PAGE_MAPPING_ANON)
  wr(p + page.index, linear_page_index(vma, addr))
}

/** The first map of a new page, by a PMD (`compound`) or a PTE. Caller holds the page table lock. */
export function page_add_new_anon_rmap(p: Page, vma: Vma, addr: number, compound: boolean): void {
  if (debug_vm) checkNewAnon(p, vma, addr, compound)
  SetPageSwapBacked(p)
  if (compound) {
    atomic_set(compound_mapcount_ptr(p), 0)
    mod_zone_page_state(NR_ANON_TRANSPARENT_HUGEPAGES, 1)
  } else {
    atomic_set(_mapcount(p), 0)
  }
  mod_zone_page_state(NR_ANON_PAGES, compound ? HPAGE_PMD_NR : 1)
  k.__page_set_anon_rmap(p, vma, addr, true)
}

function checkNewAnon(p: Page, vma: Vma, addr: number, compound: boolean): void {
  const outside = addr < rd(vma + vm_area.vm_start) || addr >= rd(vma + vm_area.vm_end)
  VM_BUG_ON_VMA(outside, vma, 'address < vma->vm_start || address >= vma->vm_end')
  VM_BUG_ON_PAGE(compound && !PageTransHuge(p), p, '!PageTransHuge(page)')
  // A THP is always mapped by PMD first.
  VM_BUG_ON_PAGE(!compound && PageTransCompound(p), p, 'PageTransCompound(page)')
}

/**
 * A map by a PMD (`compound`) or a PTE of a page that had maps before. Caller holds the page table lock and, so that
 * the mapping may be set, the page lock.
 */
export function page_add_anon_rmap(p: Page, vma: Vma, addr: number, compound: boolean): void {
  const first = atomic_inc_and_test(compound ? compound_mapcount_ptr(p) : _mapcount(p))
  if (first) {
    if (compound) mod_zone_page_state(NR_ANON_TRANSPARENT_HUGEPAGES, 1)
    mod_zone_page_state(NR_ANON_PAGES, compound ? HPAGE_PMD_NR : 1)
  }
  if (debug_vm) VM_BUG_ON_PAGE(!PageLocked(p), p, '!PageLocked(page)')
  if (first) k.__page_set_anon_rmap(p, vma, addr, false)
}

/**
 * As page_add_anon_rmap, by a PTE, of a page that is swapped in; `exclusive`: nobody else has it, so that it belongs to
 * our branch of the family. Caller holds the page table lock and the page lock.
 */
export function do_page_add_anon_rmap(p: Page, vma: Vma, addr: number, exclusive: boolean): void {
  const first = atomic_inc_and_test(_mapcount(p))
  if (first) mod_zone_page_state(NR_ANON_PAGES, 1)
  if (debug_vm) VM_BUG_ON_PAGE(!PageLocked(p), p, '!PageLocked(page)')
  if (first) k.__page_set_anon_rmap(p, vma, addr, exclusive)
}

/** One more map of a page that is mapped already (fork). Caller holds both page table locks. */
export function page_dup_rmap(p: Page, compound: boolean): void {
  atomic_inc(compound ? compound_mapcount_ptr(p) : _mapcount(p))
}

/**
 * One map less; the page keeps its mapping, which is only reliable while it is mapped. Caller holds the page table
 * lock.
 */
export function page_remove_rmap(p: Page, compound: boolean): void {
  if (!PageAnon(p)) {
    k.page_remove_file_rmap(p)
    return
  }
  if (compound) {
    k.page_remove_anon_compound_rmap(p)
    return
  }
  if (!atomic_add_negative(-1, _mapcount(p))) return
  mod_zone_page_state(NR_ANON_PAGES, -1)
  if (PageMlocked(p)) k.clear_page_mlock(p)
  if (PageTransCompound(p)) k.deferred_split_huge_page(compound_head(p))
}

/** One PMD map less of a huge page; with the last one DoubleMap goes. */
export function page_remove_anon_compound_rmap(p: Page): void {
  if (!atomic_add_negative(-1, compound_mapcount_ptr(p))) return
  mod_zone_page_state(NR_ANON_TRANSPARENT_HUGEPAGES, -1)
  let nr = HPAGE_PMD_NR
  if (TestClearPageDoubleMap(p)) {
    nr = 0
    for (let i = 0; i < HPAGE_PMD_NR; i++) {
      if (atomic_add_negative(-1, _mapcount(subpage(p, i)))) nr++
    }
  }
  if (PageMlocked(p)) k.clear_page_mlock(p)
  if (nr === 0) return
  mod_zone_page_state(NR_ANON_PAGES, -nr)
  k.deferred_split_huge_page(p)
}
