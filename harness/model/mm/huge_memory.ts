// Transparent huge pages (mm/huge_memory.c, v4.5): faults, copying, zapping, and the split of a PMD.
//
// A huge page is mapped by PMDs, by PTEs, or by both at once (DoubleMap). The PMD lock guards the entry and what
// maps through it; the deferred split queue has a lock of its own.

import { vma_is_anonymous } from '../fs/inode.ts'
import { k } from '../kernel.ts'
import {
  atomic_dec,
  atomic_inc,
  atomic_inc_not_zero,
  atomic_set,
  cmpxchg,
  READ_ONCE,
  spin_lock,
  spin_unlock,
} from '../ops.ts'
import { rd } from '../store.ts'
import { HPAGE_PMD_NR, thp_enabled, zone } from './init.ts'
import { add_anon_rss, maybe_mkwrite, mkdirty, mkyoung, vm_page_prot } from './memory.ts'
import {
  FAULT_FLAG_WRITE,
  type Mm,
  mm_struct,
  NULL,
  type Page,
  type Pmd,
  type Pmdp,
  VM_FAULT_FALLBACK,
  VM_FAULT_OOM,
  VM_FAULT_WRITE,
  VM_HUGEPAGE,
  VM_NOHUGEPAGE,
  type Vma,
  vm_area,
} from './mm_types.ts'
import { alloc_hugepage, alloc_page } from './page_alloc.ts'
import {
  get_page,
  PageCompound,
  PageHead,
  page_count,
  page_mapcount,
  put_page,
  set_page_content,
  subpage,
  VM_BUG_ON_PAGE,
  VM_BUG_ON_VMA,
} from './page-flags.ts'
import {
  mk_huge_pmd,
  mk_pte,
  pgtable_pte,
  pgtable_trans_huge_deposit,
  pgtable_trans_huge_withdraw,
  pmd_lockptr,
  pmd_none,
  pmd_page,
  pmd_populate,
  pte_alloc_one,
  pte_free,
  set_pmd,
  set_pte,
} from './pgtable.ts'
import { count_vm_event, THP_FAULT_ALLOC, THP_FAULT_FALLBACK, THP_ZERO_PAGE_ALLOC } from './vmstat.ts'

export const haddrOf = (addr: number): number => addr & ~(HPAGE_PMD_NR - 1)

/** include/linux/huge_mm.h */
export function transparent_hugepage_enabled(vma: Vma): boolean {
  const flags = rd(vma + vm_area.vm_flags)
  // handle_mm_fault asks vma_is_anonymous: files have huge pages of their own, or none.
  if (flags & VM_NOHUGEPAGE || thp_enabled === 'never' || !vma_is_anonymous(vma)) return false
  return thp_enabled === 'always' || (flags & VM_HUGEPAGE) !== 0
}

// ---- the huge zero page ------------------------------------------------------------------------------------------

export const is_huge_zero_pmd = (e: Pmd): boolean => pmd_page(e) === READ_ONCE(zone.huge_zero_page)

/** One more reference of the huge zero page, which the first user allocates; NULL without memory. */
export function get_huge_zero_page(): Page {
  if (atomic_inc_not_zero(zone.huge_zero_refcount)) return READ_ONCE(zone.huge_zero_page) as Page
  const page = alloc_hugepage()
  if (page === NULL) return NULL
  count_vm_event(THP_ZERO_PAGE_ALLOC)
  for (let i = 0; i < HPAGE_PMD_NR; i++) set_page_content(subpage(page, i), 0)
  if (cmpxchg(zone.huge_zero_page, 0, page) !== 0) {
    put_page(page)
    return k.get_huge_zero_page()
  }
  // One more for the shrinker, so that the last user does not free it.
  atomic_set(zone.huge_zero_refcount, 2)
  return page
}

export const put_huge_zero_page = (): void => atomic_dec(zone.huge_zero_refcount)

/** Maps the huge zero page read-only. Caller holds the PMD lock; the PMD is none. */
export function set_huge_zero_page(mm: Mm, vma: Vma, haddr: number, pmd: Pmdp, page: Page): void {
  pgtable_trans_huge_deposit(mm, haddr, pte_alloc_one())
  set_pmd(pmd, mk_huge_pmd(page, vm_page_prot(vma)))
  atomic_inc(mm + mm_struct.nr_ptes)
}

// ---- faults ------------------------------------------------------------------------------------------------------

/** A first access where a huge page fits into the vma; VM_FAULT_FALLBACK: use base pages. */
export function do_huge_pmd_anonymous_page(mm: Mm, vma: Vma, addr: number, pmd: Pmdp, flags: number): number {
  const haddr = haddrOf(addr)
  if (haddr < rd(vma + vm_area.vm_start) || haddr + HPAGE_PMD_NR > rd(vma + vm_area.vm_end)) return VM_FAULT_FALLBACK
  if (k.anon_vma_prepare(vma) !== 0) return VM_FAULT_OOM
  const ptl = pmd_lockptr(mm, haddr)
  if (!(flags & FAULT_FLAG_WRITE)) {
    const zero = k.get_huge_zero_page()
    if (zero === NULL) {
      count_vm_event(THP_FAULT_FALLBACK)
      return VM_FAULT_FALLBACK
    }
    spin_lock(ptl)
    const mine = pmd_none(rd(pmd) as Pmd)
    if (mine) set_huge_zero_page(mm, vma, haddr, pmd, zero)
    spin_unlock(ptl)
    if (!mine) put_huge_zero_page()
    return 0
  }
  const page = alloc_hugepage()
  if (page === NULL) {
    count_vm_event(THP_FAULT_FALLBACK)
    return VM_FAULT_FALLBACK
  }
  return k.__do_huge_pmd_anonymous_page(mm, vma, haddr, pmd, page)
}

/** Maps a new huge page, zeroed. */
export function __do_huge_pmd_anonymous_page(mm: Mm, vma: Vma, haddr: number, pmd: Pmdp, page: Page): number {
  const pgtable = pte_alloc_one()
  for (let i = 0; i < HPAGE_PMD_NR; i++) set_page_content(subpage(page, i), 0)
  const ptl = pmd_lockptr(mm, haddr)
  spin_lock(ptl)
  if (!pmd_none(rd(pmd) as Pmd)) {
    spin_unlock(ptl)
    put_page(page)
    pte_free(pgtable)
    return 0
  }
  k.page_add_new_anon_rmap(page, vma, haddr, true)
  k.lru_cache_add_active_or_unevictable(page, vma)
  pgtable_trans_huge_deposit(mm, haddr, pgtable)
  set_pmd(pmd, maybe_mkwrite(mkdirty(mk_huge_pmd(page, vm_page_prot(vma))), vma))
  add_anon_rss(mm, HPAGE_PMD_NR)
  atomic_inc(mm + mm_struct.nr_ptes)
  spin_unlock(ptl)
  count_vm_event(THP_FAULT_ALLOC)
  return 0
}

export function huge_pmd_set_accessed(mm: Mm, addr: number, pmd: Pmdp, orig: Pmd, dirty: boolean): void {
  const ptl = pmd_lockptr(mm, addr)
  spin_lock(ptl)
  if (rd(pmd) === orig) {
    const young = mkyoung(dirty ? mkdirty(orig) : orig)
    if (young !== orig) set_pmd(pmd, young)
  }
  spin_unlock(ptl)
}

/** A write to a read-only huge PMD: reuse the page if nothing else refers to it, else copy it. No page lock. */
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
  // Every map takes a reference, so a count of 1 means this PMD alone; a pin, or a pagevec, makes it say no.
  if (page_mapcount(page) === 1 && page_count(page) === 1) {
    reuseHugePmd(vma, pmd, orig)
    spin_unlock(ptl)
    return VM_FAULT_WRITE
  }
  get_page(page)
  spin_unlock(ptl)
  return k.copyHugePage(mm, vma, addr, pmd, orig, page)
}

/** The huge page stays, its PMD becomes writable. Caller holds the PMD lock. */
export function reuseHugePmd(vma: Vma, pmd: Pmdp, orig: Pmd): void {
  set_pmd(pmd, maybe_mkwrite(mkdirty(mkyoung(orig)), vma))
}

/**
 * The second half of do_huge_pmd_wp_page ("alloc:"): a new huge page takes the place of `page`, of which the caller
 * holds a reference that goes, or of the zero page (NULL). Without memory for one: base pages.
 */
export function copyHugePage(mm: Mm, vma: Vma, addr: number, pmd: Pmdp, orig: Pmd, page: Page): number {
  const haddr = haddrOf(addr)
  const fresh = k.transparent_hugepage_enabled(vma) ? alloc_hugepage() : NULL
  if (fresh === NULL) {
    let ret = VM_FAULT_FALLBACK
    if (page === NULL) {
      k.__split_huge_pmd(vma, pmd, addr)
    } else {
      ret = k.do_huge_pmd_wp_page_fallback(mm, vma, addr, pmd, orig, page)
      if (ret & VM_FAULT_OOM) {
        k.__split_huge_pmd(vma, pmd, addr)
        ret |= VM_FAULT_FALLBACK
      }
      put_page(page)
    }
    count_vm_event(THP_FAULT_FALLBACK)
    return ret
  }
  count_vm_event(THP_FAULT_ALLOC)
  for (let i = 0; i < HPAGE_PMD_NR; i++) {
    if (page === NULL) set_page_content(subpage(fresh, i), 0)
    else k.copy_user_page(subpage(fresh, i), subpage(page, i))
  }
  const ptl = pmd_lockptr(mm, haddr)
  spin_lock(ptl)
  if (page !== NULL) put_page(page)
  if (rd(pmd) !== orig) {
    spin_unlock(ptl)
    put_page(fresh)
    return 0
  }
  set_pmd(pmd, 0 as Pmd)
  k.page_add_new_anon_rmap(fresh, vma, haddr, true)
  k.lru_cache_add_active_or_unevictable(fresh, vma)
  set_pmd(pmd, maybe_mkwrite(mkdirty(mk_huge_pmd(fresh, vm_page_prot(vma))), vma))
  if (page === NULL) {
    add_anon_rss(mm, HPAGE_PMD_NR)
    put_huge_zero_page()
  } else {
    VM_BUG_ON_PAGE(!PageHead(page), page, '!PageHead(page)')
    k.page_remove_rmap(page, true, vma)
    put_page(page)
  }
  spin_unlock(ptl)
  return VM_FAULT_WRITE
}

/**
 * Copies a huge page into base pages, PMD into PTEs. The caller keeps its reference of `page`. The source is not
 * split; losing its last PMD puts it onto the deferred split queue.
 */
export function do_huge_pmd_wp_page_fallback(mm: Mm, vma: Vma, addr: number, pmd: Pmdp, orig: Pmd, page: Page): number {
  const haddr = haddrOf(addr)
  const pages: Page[] = []
  for (let i = 0; i < HPAGE_PMD_NR; i++) {
    const p = alloc_page()
    if (p === NULL) {
      for (const taken of pages) put_page(taken)
      return VM_FAULT_OOM
    }
    pages.push(p)
  }
  for (let i = 0; i < HPAGE_PMD_NR; i++) k.copy_user_page(pages[i]!, subpage(page, i))
  const ptl = pmd_lockptr(mm, haddr)
  spin_lock(ptl)
  if (rd(pmd) !== orig) {
    spin_unlock(ptl)
    for (const p of pages) put_page(p)
    return 0
  }
  set_pmd(pmd, 0 as Pmd)
  const pgtable = pgtable_trans_huge_withdraw(mm, haddr)
  for (let i = 0; i < HPAGE_PMD_NR; i++) {
    k.page_add_new_anon_rmap(pages[i]!, vma, haddr + i, false)
    k.lru_cache_add_active_or_unevictable(pages[i]!, vma)
    set_pte(pgtable_pte(pgtable, i), maybe_mkwrite(mkdirty(mk_pte(pages[i]!, vm_page_prot(vma))), vma))
  }
  pmd_populate(pmd, pgtable)
  k.page_remove_rmap(page, true, vma)
  spin_unlock(ptl)
  put_page(page)
  return VM_FAULT_WRITE
}
