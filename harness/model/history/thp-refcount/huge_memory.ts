// mm/huge_memory.c as of v4.4: write faults, and what may be done under a PMD that a split is taking apart.

import { BUG_ON } from '../../bug.ts'
import { k } from '../../kernel.ts'
import {
  copyHugePage as copyHugePage_4_5,
  do_huge_pmd_wp_page as do_huge_pmd_wp_page_4_5,
  haddrOf,
  is_huge_zero_pmd,
  put_huge_zero_page,
  reuseHugePmd,
} from '../../mm/huge_memory.ts'
import { HPAGE_PMD_NR } from '../../mm/init.ts'
import { add_anon_rss, maybe_mkwrite, mkdirty, vm_page_prot } from '../../mm/memory.ts'
import {
  type AnonVma,
  type Mm,
  NULL,
  type Page,
  type Pmd,
  type Pmdp,
  VM_FAULT_FALLBACK,
  VM_FAULT_OOM,
  VM_FAULT_WRITE,
  type Vma,
  vm_area,
} from '../../mm/mm_types.ts'
import { alloc_hugepage } from '../../mm/page_alloc.ts'
import {
  get_page,
  PageCompound,
  PageHead,
  page_mapcount,
  put_page,
  set_page_content,
  subpage,
  VM_BUG_ON_PAGE,
  VM_BUG_ON_VMA,
} from '../../mm/page-flags.ts'
import { mk_huge_pmd, pmd_lockptr, pmd_page, pmd_trans_huge, read_pmd, SPLITTING, set_pmd } from '../../mm/pgtable.ts'
import { count_vm_event, THP_FAULT_ALLOC, THP_FAULT_FALLBACK } from '../../mm/vmstat.ts'
import { spin_lock, spin_unlock } from '../../ops.ts'
import { rd } from '../../store.ts'
import type { Changes } from '../patch.ts'

declare module '../../kernel.ts' {
  interface Patched {
    wait_split_huge_page(vma: Vma, pmd: Pmdp): void
    __pmd_trans_huge_lock(vma: Vma, pmd: Pmdp, addr: number): -1 | 0 | 1
  }
}

/** In a PMD that points to a table the bit is one of the table's address. */
export const pmd_trans_splitting = (e: Pmd): boolean => pmd_trans_huge(e) && (e & SPLITTING) !== 0

/** include/linux/huge_mm.h: the split holds the anon_vma from before it marks a PMD until that is a PTE table. */
function wait_split_huge_page(vma: Vma, pmd: Pmdp): void {
  const av = rd(vma + vm_area.anon_vma) as AnonVma
  k.anon_vma_lock_write(av)
  k.anon_vma_unlock_write(av)
  const e = read_pmd(pmd)
  BUG_ON(pmd_trans_splitting(e) || pmd_trans_huge(e), 'pmd_trans_splitting(*pmd) || pmd_trans_huge(*pmd)')
}

/** 1: a stable huge PMD, its lock held. -1: a split has been waited for. 0: no huge PMD. */
function __pmd_trans_huge_lock(vma: Vma, pmd: Pmdp, addr: number): -1 | 0 | 1 {
  const ptl = pmd_lockptr(rd(vma + vm_area.vm_mm) as Mm, addr)
  spin_lock(ptl)
  const e = rd(pmd) as Pmd
  if (pmd_trans_huge(e) && !pmd_trans_splitting(e)) return 1
  spin_unlock(ptl)
  if (!pmd_trans_huge(e)) return 0
  k.wait_split_huge_page(vma, pmd)
  return -1
}

/** A write to a read-only huge PMD: reuse the page if no other PMD maps it, whoever else has a reference. */
function do_huge_pmd_wp_page(mm: Mm, vma: Vma, addr: number, pmd: Pmdp, orig: Pmd): number {
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
  if (page_mapcount(page) === 1) {
    reuseHugePmd(vma, pmd, orig)
    spin_unlock(ptl)
    return VM_FAULT_WRITE
  }
  get_page(page)
  spin_unlock(ptl)
  return k.copyHugePage(mm, vma, addr, pmd, orig, page)
}

/** As v4.5's, but without any memory the huge page itself is split, for all who map it. */
function copyHugePage(mm: Mm, vma: Vma, addr: number, pmd: Pmdp, orig: Pmd, page: Page): number {
  const haddr = haddrOf(addr)
  const fresh = k.transparent_hugepage_enabled(vma) ? alloc_hugepage() : NULL
  if (fresh === NULL) {
    let ret = VM_FAULT_FALLBACK
    if (page === NULL) {
      k.__split_huge_pmd(vma, pmd, addr)
    } else {
      ret = k.do_huge_pmd_wp_page_fallback(mm, vma, addr, pmd, orig, page)
      if (ret & VM_FAULT_OOM) {
        k.split_huge_page_to_list(page)
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
    k.page_remove_rmap(page, true)
    put_page(page)
  }
  spin_unlock(ptl)
  return VM_FAULT_WRITE
}

export const changes: Changes = {
  wait_split_huge_page: { before: wait_split_huge_page, after: undefined },
  __pmd_trans_huge_lock: { before: __pmd_trans_huge_lock, after: undefined },
  do_huge_pmd_wp_page: { before: do_huge_pmd_wp_page, after: do_huge_pmd_wp_page_4_5 },
  copyHugePage: { before: copyHugePage, after: copyHugePage_4_5 },
}
