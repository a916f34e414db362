// The smaller functions of mm/mlock.c and mm/gup.c as they were in v3.14 to v4.4, before e90309c9f772: huge pages are
// mapped by PMDs only.

import { BUG_ON, KernelBug } from '../../bug.ts'
import { byteAt, PAGE_SIZE } from '../../contents.ts'
import { k } from '../../kernel.ts'
import { IS_ERR } from '../../mm/errno.ts'
import { debug_vm, HPAGE_PMD_NR, zone } from '../../mm/init.ts'
import { vm_normal_page } from '../../mm/memory.ts'
import { pmd_addr_end } from '../../mm/memory_range.ts'
import * as mlock_vma from '../../mm/mlock_vma.ts'
import {
  FOLL_DUMP,
  FOLL_GET,
  type Mm,
  NULL,
  type Page,
  type Pte,
  page as struct_page,
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
  pmd_offset,
  pmd_page,
  pmd_trans_huge,
  pte_lockptr,
  pte_offset,
  pte_present,
  read_pmd,
} from '../../mm/pgtable.ts'
import { load_int, local_int } from '../../mm/stack.ts'
import { PAGEVEC_SIZE } from '../../mm/swap.ts'
import { count_vm_event, mod_zone_page_state, NR_MLOCK, UNEVICTABLE_PGMLOCKED } from '../../mm/vmstat.ts'
import { again, loop, READ_ONCE, spin_lock, spin_unlock, WRITE_ONCE } from '../../ops.ts'
import { rd } from '../../store.ts'

/** Whoever maps the page, and how. Caller holds the page lock and a reference. */
export function mlock_vma_page(page: Page): void {
  BUG_ON(!PageLocked(page), '!PageLocked(page)')
  if (TestSetPageMlocked(page)) return
  mod_zone_page_state(NR_MLOCK, hpage_nr_pages(page))
  count_vm_event(UNEVICTABLE_PGMLOCKED)
  if (k.isolate_lru_page(page) === 0) k.putback_lru_page(page)
}

export function mlockMappedByPte(page: Page): void {
  if (READ_ONCE(page + struct_page.mapping) === 0 || !trylock_page(page)) return
  k.lru_add_drain()
  k.mlock_vma_page(page)
  unlock_page(page)
}

/** The PMD lock keeps a split away, so that the flag and the size belong together. */
export function mlockMappedByPmd(head: Page): void {
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
 * get_locked_pte where the PMD is still huge (mm/memory.c of v3.12 to v4.4): munlock has pinned the head, a split has
 * made it a page of its own since, but has not put PTEs in the place of the PMD yet. Nothing keeps munlock out.
 * CONFIG_DEBUG_VM notices; else bytes of the huge page are taken for a PTE, under a lock that lies over page->private
 * of the head and is free. Zeros are an entry that is not present, at which the walk ends; any other that seems to be
 * present (bit 0, or bit 8: PROT_NONE) leads beyond memory, unless its owner has chosen where.
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
