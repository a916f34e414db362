// mm/rmap.c and mm/swapfile.c as of v4.4: a huge page is mapped by PMDs only, and counts them in its head.

import { k } from '../../kernel.ts'
import { debug_vm } from '../../mm/init.ts'
import { type Page, type Vma, vm_area } from '../../mm/mm_types.ts'
import {
  _mapcount,
  hpage_nr_pages,
  PageAnon,
  PageLocked,
  PageMlocked,
  PageTransHuge,
  page_mapcount,
  SetPageSwapBacked,
  VM_BUG_ON_PAGE,
  VM_BUG_ON_VMA,
} from '../../mm/page-flags.ts'
import * as v4_5 from '../../mm/rmap.ts'
import {
  reuse_swap_page as reuse_swap_page_4_5,
  reuse_swap_page_noswap as reuse_swap_page_noswap_4_5,
} from '../../mm/swapfile.ts'
import { mod_zone_page_state, NR_ANON_PAGES, NR_ANON_TRANSPARENT_HUGEPAGES } from '../../mm/vmstat.ts'
import { atomic_add_negative, atomic_inc, atomic_set } from '../../ops.ts'
import { rd } from '../../store.ts'
import type { Changes } from '../patch.ts'

/** The first map of a new page. Caller holds the page table lock. */
export function page_add_new_anon_rmap(p: Page, vma: Vma, addr: number): void {
  const outside = debug_vm && (addr < rd(vma + vm_area.vm_start) || addr >= rd(vma + vm_area.vm_end))
  VM_BUG_ON_VMA(outside, vma, 'address < vma->vm_start || address >= vma->vm_end')
  SetPageSwapBacked(p)
  atomic_set(_mapcount(p), 0)
  if (PageTransHuge(p)) mod_zone_page_state(NR_ANON_TRANSPARENT_HUGEPAGES, 1)
  mod_zone_page_state(NR_ANON_PAGES, hpage_nr_pages(p))
  k.__page_set_anon_rmap(p, vma, addr, true)
}

/** One more map of a page that is mapped already (fork). */
const page_dup_rmap = (p: Page): void => atomic_inc(_mapcount(p))

/** One map less. Caller holds the page table lock. */
export function page_remove_rmap(p: Page): void {
  if (!PageAnon(p)) {
    k.page_remove_file_rmap(p)
    return
  }
  if (!atomic_add_negative(-1, _mapcount(p))) return
  if (PageTransHuge(p)) mod_zone_page_state(NR_ANON_TRANSPARENT_HUGEPAGES, -1)
  mod_zone_page_state(NR_ANON_PAGES, -hpage_nr_pages(p))
  if (PageMlocked(p)) k.clear_page_mlock(p)
}

/** A page that PTEs map is no part of a huge one, so its map count tells all (1f25fe20a76a). */
function reuse_swap_page(p: Page): boolean {
  VM_BUG_ON_PAGE(!PageLocked(p), p, '!PageLocked(page)')
  return k.reusedOfSwap(p, page_mapcount(p))
}

const reuse_swap_page_noswap = (p: Page): boolean => page_mapcount(p) === 1

export const changes: Changes = {
  page_add_new_anon_rmap: { before: page_add_new_anon_rmap, after: v4_5.page_add_new_anon_rmap },
  page_dup_rmap: { before: page_dup_rmap, after: v4_5.page_dup_rmap },
  page_remove_rmap: { before: page_remove_rmap, after: v4_5.page_remove_rmap },
  page_remove_anon_compound_rmap: { before: undefined, after: v4_5.page_remove_anon_compound_rmap },
  reuse_swap_page: { before: reuse_swap_page, after: reuse_swap_page_4_5 },
  reuse_swap_page_noswap: { before: reuse_swap_page_noswap, after: reuse_swap_page_noswap_4_5 },
}
