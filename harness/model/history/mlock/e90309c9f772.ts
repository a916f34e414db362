// e90309c9f772 "thp: allow mlocked THP again" (v4.5).
//
// A huge page is mlocked if one PMD alone maps it, and munlocked when that is split. Before, since the redesign of THP
// refcounting (7479df6da950 "thp, mlock: do not allow huge pages in mlocked area", which 61f5d698cc97 stands for),
// there are none in locked memory: mlock splits them, and faults take base pages. The other sides are those of v3.14 to
// v4.4 (mlock-4.4.ts). That __split_huge_pmd did not munlock shows nowhere.

import { k } from '../../kernel.ts'
import { ERR_PTR } from '../../mm/errno.ts'
import * as gup from '../../mm/gup.ts'
import * as huge_memory from '../../mm/huge_memory.ts'
import * as huge_memory_range from '../../mm/huge_memory_range.ts'
import { HPAGE_PMD_NR } from '../../mm/init.ts'
import { vm_normal_page } from '../../mm/memory.ts'
import * as mlock from '../../mm/mlock.ts'
import * as mlock_pagevec from '../../mm/mlock_pagevec.ts'
import * as mlock_vma from '../../mm/mlock_vma.ts'
import {
  FOLL_MLOCK,
  FOLL_WRITE,
  type IntPtr,
  type Mm,
  NULL,
  type Page,
  type Pmd,
  type Pmdp,
  type Pte,
  VM_FAULT_FALLBACK,
  VM_LOCKED,
  type Vma,
  vm_area,
} from '../../mm/mm_types.ts'
import { get_page, lock_page, PageTransCompound, put_page, unlock_page } from '../../mm/page-flags.ts'
import {
  pmd_lockptr,
  pmd_none,
  pmd_offset,
  pmd_page,
  pmd_trans_huge,
  pte_lockptr,
  pte_offset,
  pte_present,
  pte_write,
  read_pmd,
} from '../../mm/pgtable.ts'
import { store_int } from '../../mm/stack.ts'
import { spin_lock, spin_unlock } from '../../ops.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'
import { munlock_vma_page as munlock_vma_page_before_7162 } from './7162a1e87b3e.ts'
import * as mlock_4_4 from './mlock-4.4.ts'

/** Under FOLL_MLOCK a huge page is split first, and the error is the caller's if it cannot be. */
export function follow_page_mask(vma: Vma, addr: number, flags: number, page_mask: IntPtr): Page {
  const mm = rd(vma + vm_area.vm_mm) as Mm
  store_int(page_mask, 0)
  const pmd = pmd_offset(mm, addr)
  if (pmd === NULL || pmd_none(read_pmd(pmd))) return NULL
  if (!pmd_trans_huge(read_pmd(pmd))) return k.follow_page_pte(vma, addr, pmd, flags)
  const ptl = pmd_lockptr(mm, addr)
  spin_lock(ptl)
  const e = rd(pmd) as Pmd
  if (!pmd_trans_huge(e)) {
    spin_unlock(ptl)
    return k.follow_page_pte(vma, addr, pmd, flags)
  }
  if (flags & FOLL_MLOCK && rd(vma + vm_area.vm_flags) & VM_LOCKED) {
    const error = splitFollowed(vma, addr, pmd, e, ptl)
    return error !== 0 ? ERR_PTR(error) : k.follow_page_pte(vma, addr, pmd, flags)
  }
  const page = k.follow_trans_huge_pmd(vma, addr, pmd, flags)
  spin_unlock(ptl)
  store_int(page_mask, HPAGE_PMD_NR - 1)
  return page
}

/** FOLL_SPLIT. Enters with the PMD lock held, and releases it. */
function splitFollowed(vma: Vma, addr: number, pmd: Pmdp, e: Pmd, ptl: number): number {
  if (huge_memory.is_huge_zero_pmd(e)) {
    spin_unlock(ptl)
    k.__split_huge_pmd(vma, pmd, addr)
    return 0
  }
  const page = pmd_page(e)
  get_page(page)
  spin_unlock(ptl)
  return splitHeld(page)
}

/** As v4.5's, but a huge page that is mapped by PTE is split, too. */
function follow_page_pte(vma: Vma, addr: number, pmd: Pmdp, flags: number): Page {
  for (;;) {
    const table = read_pmd(pmd)
    if (pmd_none(table) || pmd_trans_huge(table)) return NULL
    const ptl = pte_lockptr(table)
    spin_lock(ptl)
    const entry = rd(pte_offset(table, addr)) as Pte
    let page = NULL as Page
    if (pte_present(entry) && (!(flags & FOLL_WRITE) || pte_write(entry))) {
      page = vm_normal_page(entry)
      const split = flags & FOLL_MLOCK && rd(vma + vm_area.vm_flags) & VM_LOCKED
      if (page === NULL || !split || !PageTransCompound(page)) {
        page = k.follow_present_pte(vma, entry, flags)
        spin_unlock(ptl)
        return page
      }
      get_page(page)
    }
    spin_unlock(ptl)
    if (page === NULL) return NULL
    const error = splitHeld(page)
    if (error !== 0) return ERR_PTR(error)
  }
}

/** Splits the huge page of which the caller's reference is, which goes. */
function splitHeld(page: Page): number {
  lock_page(page)
  const error = k.split_huge_page_to_list(page)
  unlock_page(page)
  put_page(page)
  return error
}

export function do_huge_pmd_anonymous_page(mm: Mm, vma: Vma, addr: number, pmd: Pmdp, flags: number): number {
  if (rd(vma + vm_area.vm_flags) & VM_LOCKED) return VM_FAULT_FALLBACK
  return huge_memory.do_huge_pmd_anonymous_page(mm, vma, addr, pmd, flags)
}

export default patch('e90309c9f772', {
  subject: 'thp: allow mlocked THP again',
  release: 'v4.5',
  needs: ['61f5d698cc97'],
  changes: {
    follow_page_mask: { before: follow_page_mask, after: gup.follow_page_mask },
    follow_page_pte: { before: follow_page_pte, after: gup.follow_page_pte },
    do_huge_pmd_anonymous_page: { before: do_huge_pmd_anonymous_page, after: huge_memory.do_huge_pmd_anonymous_page },
    mlockMappedByPte: { before: mlock_4_4.mlockMappedByPte, after: gup.mlockMappedByPte },
    mlockMappedByPmd: { before: mlock_4_4.mlockMappedByPmd, after: huge_memory_range.mlockMappedByPmd },
    mlock_vma_page: { before: mlock_4_4.mlock_vma_page, after: mlock.mlock_vma_page },
    munlock_vma_page: { before: mlock_4_4.munlock_vma_page, after: munlock_vma_page_before_7162 },
    __munlock_pagevec_fill: { before: mlock_4_4.__munlock_pagevec_fill, after: mlock_pagevec.__munlock_pagevec_fill },
    munlock_vma_pages_range: { before: mlock_4_4.munlock_vma_pages_range, after: mlock_vma.munlock_vma_pages_range },
  },
})
