// e90309c9f772 "thp: allow mlocked THP again" (v4.5).
//
// A huge page is mlocked if one PMD alone maps it, and munlocked when that is split. Before, since the redesign of THP
// refcounting (7479df6da950 "thp, mlock: do not allow huge pages in mlocked area", which 61f5d698cc97 stands for), there
// are none in locked memory: mlock splits them, and faults take base pages. The sides of the smaller functions are those
// of v3.14 to v4.4, which knew huge pages mapped by PMDs only. That __split_huge_pmd did not munlock shows nowhere.

import { BUG_ON, KernelBug } from '../../bug.ts'
import { byteAt, PAGE_SIZE } from '../../contents.ts'
import { k } from '../../kernel.ts'
import { ERR_PTR, IS_ERR } from '../../mm/errno.ts'
import * as gup from '../../mm/gup.ts'
import * as huge_memory from '../../mm/huge_memory.ts'
import * as huge_memory_range from '../../mm/huge_memory_range.ts'
import { debug_vm, HPAGE_PMD_NR, zone } from '../../mm/init.ts'
import { vm_normal_page } from '../../mm/memory.ts'
import { pmd_addr_end } from '../../mm/memory_range.ts'
import * as mlock from '../../mm/mlock.ts'
import * as mlock_pagevec from '../../mm/mlock_pagevec.ts'
import * as mlock_vma from '../../mm/mlock_vma.ts'
import {
  FOLL_DUMP,
  FOLL_GET,
  FOLL_MLOCK,
  FOLL_WRITE,
  type IntPtr,
  type Mm,
  NULL,
  type Page,
  type Pmd,
  type Pmdp,
  type Pte,
  page as struct_page,
  VM_FAULT_FALLBACK,
  VM_LOCKED,
  VM_LOCKED_CLEAR_MASK,
  type Vma,
  vm_area,
} from '../../mm/mm_types.ts'
import {
  get_page,
  hpage_nr_pages,
  lock_page,
  PageLocked,
  PageTail,
  PageTransCompound,
  PageTransHuge,
  page_content,
  put_page,
  subpage,
  TestClearPageMlocked,
  TestSetPageMlocked,
  trylock_page,
  unlock_page,
  VM_BUG_ON_PAGE,
} from '../../mm/page-flags.ts'
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
import { load_int, local_int, store_int } from '../../mm/stack.ts'
import { PAGEVEC_SIZE } from '../../mm/swap.ts'
import { count_vm_event, mod_zone_page_state, NR_MLOCK, UNEVICTABLE_PGMLOCKED } from '../../mm/vmstat.ts'
import { again, loop, READ_ONCE, spin_lock, spin_unlock, WRITE_ONCE } from '../../ops.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'
import { munlock_vma_page as munlock_vma_page_before_7162 } from './7162a1e87b3e.ts'

// ---- no huge page in locked memory -----------------------------------------------------------------------------------

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

// ---- as in v3.14 to v4.4 ---------------------------------------------------------------------------------------------

/** Whoever maps the page, and how. Caller holds the page lock and a reference. */
function mlock_vma_page(page: Page): void {
  BUG_ON(!PageLocked(page), '!PageLocked(page)')
  if (TestSetPageMlocked(page)) return
  mod_zone_page_state(NR_MLOCK, hpage_nr_pages(page))
  count_vm_event(UNEVICTABLE_PGMLOCKED)
  if (k.isolate_lru_page(page) === 0) k.putback_lru_page(page)
}

function mlockMappedByPte(page: Page): void {
  if (READ_ONCE(page + struct_page.mapping) === 0 || !trylock_page(page)) return
  k.lru_add_drain()
  k.mlock_vma_page(page)
  unlock_page(page)
}

/** The PMD lock keeps a split away, so that the flag and the size belong together. */
function mlockMappedByPmd(head: Page): void {
  if (READ_ONCE(head + struct_page.mapping) === 0 || !trylock_page(head)) return
  k.lru_add_drain()
  if (READ_ONCE(head + struct_page.mapping) !== 0) k.mlock_vma_page(head)
  unlock_page(head)
}

export function munlock_vma_page(page: Page): number {
  BUG_ON(!PageLocked(page), '!PageLocked(page)')
  spin_lock(zone.lru_lock)
  const nr_pages = hpage_nr_pages(page)
  if (!TestClearPageMlocked(page)) {
    spin_unlock(zone.lru_lock)
    return nr_pages - 1
  }
  k.__mod_zone_page_state(NR_MLOCK, -nr_pages >>> 0)
  if (k.__munlock_isolate_lru_page(page, true)) {
    spin_unlock(zone.lru_lock)
    k.__munlock_isolated_page(page)
  } else {
    k.__munlock_isolation_failed(page)
    spin_unlock(zone.lru_lock)
  }
  return nr_pages - 1
}

export function __munlock_pagevec_fill(pvec: Page[], vma: Vma, start: number, end: number): number {
  const table = read_pmd(pmd_offset(rd(vma + vm_area.vm_mm) as Mm, start))
  const to = pmd_addr_end(start, end)
  if (pmd_trans_huge(table)) return fillFromHugePage(pmd_page(table), start + 1, to)
  const ptl = pte_lockptr(table)
  let addr = start + 1
  spin_lock(ptl)
  for (; addr < to && pvec.length < PAGEVEC_SIZE; addr++) {
    const entry = rd(pte_offset(table, addr)) as Pte
    const page = pte_present(entry) ? vm_normal_page(entry) : NULL
    if (page === NULL) break
    get_page(page)
    pvec.push(page)
  }
  spin_unlock(ptl)
  return addr
}

/**
 * get_locked_pte where the PMD is still huge (mm/memory.c of v3.12 to v4.4): munlock has pinned the head, a split has made
 * it a page of its own since, but has not put PTEs in the place of the PMD yet. Nothing keeps munlock out. CONFIG_DEBUG_VM
 * notices; else bytes of the huge page are taken for a PTE, under a lock that lies over page->private of the head and is
 * free. Zeros are an entry that is not present, at which the walk ends; any other that seems to be present (bit 0, or bit 8:
 * PROT_NONE) leads beyond memory, unless its owner has chosen where.
 */
function fillFromHugePage(head: Page, addr: number, to: number): number {
  if (debug_vm) throw new KernelBug('bug-on', 'VM_BUG_ON(pmd_trans_huge(*pmd))')
  if (addr === to) return addr
  const offset = (addr & (HPAGE_PMD_NR - 1)) * PTE_BYTES
  const data = page_content(subpage(head, Math.floor(offset / PAGE_SIZE)))
  const at = offset % PAGE_SIZE
  if ((byteAt(data, at) | byteAt(data, at + 1)) & 1)
    throw new KernelBug('bad-page', 'BUG: Bad page map: bytes of a huge page are taken for a PTE')
  return addr
}

/** As long as an entry of x86 is. */
const PTE_BYTES = 8

export function munlock_vma_pages_range(vma: Vma, start: number, end: number): void {
  WRITE_ONCE(vma + vm_area.vm_flags, rd(vma + vm_area.vm_flags) & VM_LOCKED_CLEAR_MASK)
  const here = loop()
  while (start < end) {
    again(here, start)
    const page_mask = local_int(0)
    const page = k.follow_page_mask(vma, start, FOLL_GET | FOLL_DUMP, page_mask)
    let mask = load_int(page_mask)
    if (page !== NULL && !IS_ERR(page)) {
      // PageTransHuge of these releases.
      VM_BUG_ON_PAGE(PageTail(page), page, 'PageTail(page)')
      if (PageTransHuge(page)) {
        lock_page(page)
        mask = k.munlock_vma_page(page)
        unlock_page(page)
        put_page(page)
      } else {
        start = mlock_vma.munlockBasePages(page, vma, start, end)
        continue
      }
    }
    // It is a bug to munlock from the middle of a huge page on.
    VM_BUG_ON_PAGE((start & mask) !== 0, page, '(start >> PAGE_SHIFT) & page_mask')
    start += 1 + mask
  }
  again(here, end)
}

export default patch('e90309c9f772', {
  subject: 'thp: allow mlocked THP again',
  release: 'v4.5',
  needs: ['61f5d698cc97'],
  changes: {
    follow_page_mask: { before: follow_page_mask, after: gup.follow_page_mask },
    follow_page_pte: { before: follow_page_pte, after: gup.follow_page_pte },
    do_huge_pmd_anonymous_page: { before: do_huge_pmd_anonymous_page, after: huge_memory.do_huge_pmd_anonymous_page },
    mlockMappedByPte: { before: mlockMappedByPte, after: gup.mlockMappedByPte },
    mlockMappedByPmd: { before: mlockMappedByPmd, after: huge_memory_range.mlockMappedByPmd },
    mlock_vma_page: { before: mlock_vma_page, after: mlock.mlock_vma_page },
    munlock_vma_page: { before: munlock_vma_page, after: munlock_vma_page_before_7162 },
    __munlock_pagevec_fill: { before: __munlock_pagevec_fill, after: mlock_pagevec.__munlock_pagevec_fill },
    munlock_vma_pages_range: { before: munlock_vma_pages_range, after: mlock_vma.munlock_vma_pages_range },
  },
})
