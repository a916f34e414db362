// 6d0a07edd17c "mm: thp: calculate the mapcount correctly for THP pages during WP faults" (v4.6, stable 4.5.5).
//
// Since the new refcounting (61f5d698cc97) a write fault copied any page of a THP that was pinned, or mapped by
// PTEs: a pin was taken for another user. The patch asks how often the most mapped base page is mapped.

import { k } from '../../kernel.ts'
import { do_huge_pmd_wp_page as do_huge_pmd_wp_page_4_5, is_huge_zero_pmd, reuseHugePmd } from '../../mm/huge_memory.ts'
import { HPAGE_PMD_NR } from '../../mm/init.ts'
import { do_wp_page as do_wp_page_4_5, isSharedWritable, lockPageUnderPtl, vm_normal_page } from '../../mm/memory.ts'
import {
  type IntPtr,
  type Mm,
  NULL,
  type Page,
  type Pmd,
  type Pmdp,
  type Pte,
  type Ptep,
  VM_FAULT_WRITE,
  type Vma,
  vm_area,
} from '../../mm/mm_types.ts'
import {
  _mapcount,
  compound_head,
  compound_mapcount,
  get_page,
  PageAnon,
  PageCompound,
  PageDoubleMap,
  PageHead,
  PageLocked,
  PageTransCompound,
  page_cache_get,
  subpage,
  unlock_page,
  VM_BUG_ON_PAGE,
  VM_BUG_ON_VMA,
} from '../../mm/page-flags.ts'
import { pmd_lockptr, pmd_page } from '../../mm/pgtable.ts'
import { load_int, local_int, store_int } from '../../mm/stack.ts'
import {
  reuse_swap_page as reuse_swap_page_4_5,
  reuse_swap_page_noswap as reuse_swap_page_noswap_4_5,
} from '../../mm/swapfile.ts'
import { again, atomic_read, loop, spin_lock, spin_unlock } from '../../ops.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'

declare module '../../kernel.ts' {
  interface Patched {
    page_trans_huge_mapcount(page: Page, total_mapcount?: IntPtr): number
    reuse_swap_page(page: Page, total_mapcount?: IntPtr): boolean
    reuse_swap_page_noswap(page: Page, total_mapcount?: IntPtr): boolean
  }
}

/** How often the most mapped base page of a THP is mapped; `*total_mapcount`, unless NULL: all its maps together. */
export function page_trans_huge_mapcount(page: Page, total_mapcount: IntPtr = NULL): number {
  if (!PageTransCompound(page)) {
    const mapcount = atomic_read(_mapcount(page)) + 1
    if (total_mapcount !== NULL) store_int(total_mapcount, mapcount)
    return mapcount
  }
  page = compound_head(page)
  let ret = 0
  let total = 0
  const here = loop()
  for (let i = 0; i < HPAGE_PMD_NR; i++) {
    again(here, i, ret, total_mapcount === NULL ? 0 : total)
    const mapcount = atomic_read(_mapcount(subpage(page, i))) + 1
    ret = Math.max(ret, mapcount)
    total += mapcount
  }
  again(here, HPAGE_PMD_NR, ret, total_mapcount === NULL ? 0 : total)
  if (PageDoubleMap(page)) {
    ret -= 1
    total -= HPAGE_PMD_NR
  }
  const mapcount = compound_mapcount(page)
  if (total_mapcount !== NULL) store_int(total_mapcount, total + mapcount)
  return ret + mapcount
}

export function reuse_swap_page(page: Page, total_mapcount?: IntPtr): boolean {
  VM_BUG_ON_PAGE(!PageLocked(page), page, '!PageLocked(page)')
  return k.reusedOfSwap(page, k.page_trans_huge_mapcount(page, total_mapcount))
}

export function reuse_swap_page_noswap(page: Page, total_mapcount?: IntPtr): boolean {
  return k.page_trans_huge_mapcount(page, total_mapcount) === 1
}

export function do_wp_page(mm: Mm, vma: Vma, addr: number, pte: Ptep, pmd: Pmdp, ptl: number, orig: Pte): number {
  const old = vm_normal_page(orig)
  if (old === NULL) {
    spin_unlock(ptl)
    return k.wp_page_copy(mm, vma, addr, pte, pmd, orig, old)
  }
  if (PageAnon(old)) {
    const total_mapcount = local_int(0)
    if (!lockPageUnderPtl(old, pte, ptl, orig)) return 0
    if (k.reuse_swap_page(old, total_mapcount)) {
      // Only one map in all: it is this one, and no part of the page is anybody else's.
      if (load_int(total_mapcount) === 1) k.page_move_anon_rmap(compound_head(old), vma, addr)
      unlock_page(old)
      return k.wp_page_reuse(vma, pte, ptl, orig)
    }
    unlock_page(old)
  } else if (isSharedWritable(vma)) return k.wp_page_shared(vma, pte, ptl, orig, old)
  page_cache_get(old)
  spin_unlock(ptl)
  return k.wp_page_copy(mm, vma, addr, pte, pmd, orig, old)
}

/** As before, but other references than maps do not matter. Still without the page lock (until c444eb564fb1). */
export function do_huge_pmd_wp_page(mm: Mm, vma: Vma, addr: number, pmd: Pmdp, orig: Pmd): number {
  VM_BUG_ON_VMA(rd(vma + vm_area.anon_vma) === 0, vma, '!vma->anon_vma')
  if (is_huge_zero_pmd(orig)) return k.copyHugePage(mm, vma, addr, pmd, orig, NULL)
  const ptl = pmd_lockptr(mm, addr)
  spin_lock(ptl)
  if (rd(pmd) !== orig) {
    spin_unlock(ptl)
    return 0
  }
  const page = pmd_page(orig)
  VM_BUG_ON_PAGE(!PageCompound(page) || !PageHead(page), page, '!PageCompound(page) || !PageHead(page)')
  if (k.page_trans_huge_mapcount(page, NULL) === 1) {
    reuseHugePmd(vma, pmd, orig)
    spin_unlock(ptl)
    return VM_FAULT_WRITE
  }
  get_page(page)
  spin_unlock(ptl)
  return k.copyHugePage(mm, vma, addr, pmd, orig, page)
}

export default patch('6d0a07edd17c', {
  subject: 'mm: thp: calculate the mapcount correctly for THP pages during WP faults',
  release: 'v4.6',
  changes: {
    page_trans_huge_mapcount: { before: undefined, after: page_trans_huge_mapcount },
    reuse_swap_page: { before: reuse_swap_page_4_5, after: reuse_swap_page },
    reuse_swap_page_noswap: { before: reuse_swap_page_noswap_4_5, after: reuse_swap_page_noswap },
    do_wp_page: { before: do_wp_page_4_5, after: do_wp_page },
    do_huge_pmd_wp_page: { before: do_huge_pmd_wp_page_4_5, after: do_huge_pmd_wp_page },
  },
})
