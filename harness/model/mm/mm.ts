// What a struct page says of its users, and which lock guards a PMD (include/linux/mm.h, page-flags.h and pagemap.h,
// v4.5). Everyone calls these by the names of page-flags.ts and pgtable.ts, which lead here through `k`, because
// releases before v4.5 had others: they counted the pins of a tail apart (history/thp-refcount).

import { k } from '../kernel.ts'
import { again, atomic_inc, atomic_read, bit_unlock, loop, READ_ONCE } from '../ops.ts'
import { debug_vm, HPAGE_PMD_NR } from './init.ts'
import { type Mm, PAGE_MAPPING_ANON, type Page, page } from './mm_types.ts'
import {
  _count,
  _mapcount,
  compound_head,
  compound_mapcount,
  compound_mapcount_ptr,
  PageCompound,
  PageDoubleMap,
  PG_locked,
  put_page_testzero,
  subpage,
  VM_BUG_ON_PAGE,
} from './page-flags.ts'
import { pmdTableLock } from './pgtable.ts'

/** The page whose flags stand for those of `p`: of a tail the head's. */
export const PF_HEAD = compound_head

/** mm/filemap.c. Caller holds the page lock. */
export const unlock_page = (p: Page): void => bit_unlock(k.PF_HEAD(p) + page.flags, PG_locked)

export const PageAnon = (p: Page): boolean => (READ_ONCE(compound_head(p) + page.mapping) & PAGE_MAPPING_ANON) !== 0

/** How often this base page is mapped: by PTEs, and by PMDs of the huge page it is part of. Not exact for a THP. */
export function page_mapcount(p: Page): number {
  let ret = atomic_read(_mapcount(p)) + 1
  if (PageCompound(p)) {
    p = compound_head(p)
    ret += compound_mapcount(p)
    if (PageDoubleMap(p)) ret--
  }
  return ret
}

/** Whether anybody maps the page, or for a huge page any part of it. */
export function page_mapped(p: Page): boolean {
  if (!PageCompound(p)) return atomic_read(_mapcount(p)) >= 0
  const head = compound_head(p)
  if (atomic_read(compound_mapcount_ptr(head)) >= 0) return true
  const here = loop()
  for (let i = 0; i < HPAGE_PMD_NR; i++) {
    again(here, i)
    if (atomic_read(_mapcount(subpage(head, i))) >= 0) return true
  }
  again(here, HPAGE_PMD_NR)
  return false
}

/** A reference of the whole compound page, whichever part of it `p` is. Caller holds one already. */
export function get_page(p: Page): void {
  p = compound_head(p)
  if (debug_vm) VM_BUG_ON_PAGE(atomic_read(_count(p)) <= 0, p, 'page_count(page) <= 0')
  atomic_inc(_count(p))
}

/** Drops a reference of the whole compound page; the last one frees it. */
export function put_page(p: Page): void {
  p = compound_head(p)
  if (put_page_testzero(p)) k.__put_page(p)
}

/** The lock that guards a PMD: one for each table of PMDs, since v3.13. */
export const pmd_lockptr = (mm: Mm, addr: number): number => pmdTableLock(mm, addr)
