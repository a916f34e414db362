// include/linux/mm.h, page-flags.h and mm/internal.h as of v4.4: every struct page has flags, a mapping and a map
// count of its own, also one that is a tail.
//
// A reference of a tail, which only get_user_pages takes, is counted twice: in the head's _count, which keeps the
// huge page, and in the tail's _mapcount, where the split finds it (70b50f94f164). A tail's _count stays 0.
// compound_lock, a bit of the head, keeps the split away from whoever counts such a reference without the page table
// lock.

import { k } from '../../kernel.ts'
import { debug_vm } from '../../mm/init.ts'
import * as v4_5 from '../../mm/mm.ts'
import { PAGE_MAPPING_ANON, type Page, page } from '../../mm/mm_types.ts'
import {
  _count,
  _mapcount,
  compound_head,
  PageHeadHuge,
  PageLocked,
  PageTail,
  PG_compound_lock,
  PG_locked,
  VM_BUG_ON_PAGE,
} from '../../mm/page-flags.ts'
import {
  atomic_inc,
  atomic_inc_not_zero,
  atomic_read,
  bit_spin_lock,
  bit_spin_unlock,
  clear_bit_unlock,
  READ_ONCE,
} from '../../ops.ts'
import type { Changes } from '../patch.ts'

declare module '../../kernel.ts' {
  interface Patched {
    __get_page_tail(page: Page): boolean
    get_page_foll(page: Page): void
  }
}

/** No page answers for another. */
const PF_ANY = (p: Page): Page => p

/**
 * Also of a tail, whose flags a split sets anew, the lock among them: whoever held it then gives back what is no longer
 * his. Only CONFIG_DEBUG_VM looks.
 */
function unlock_page(p: Page): void {
  VM_BUG_ON_PAGE(!PageLocked(p), p, '!PageLocked(page)')
  clear_bit_unlock(p + page.flags, PG_locked)
}

const PageAnon = (p: Page): boolean => (READ_ONCE(p + page.mapping) & PAGE_MAPPING_ANON) !== 0

/** Of a head how many PMDs map it; of a tail its pins. */
const page_mapcount = (p: Page): number => atomic_read(_mapcount(p)) + 1

/** A tail is mapped as long as its head is, and says nothing of it. */
const page_mapped = (p: Page): boolean => atomic_read(_mapcount(p)) >= 0

export const compound_lock = (head: Page): void => bit_spin_lock(head + page.flags, PG_compound_lock)
export const compound_unlock = (head: Page): void => bit_spin_unlock(head + page.flags, PG_compound_lock)

function get_page(p: Page): void {
  if (PageTail(p) && k.__get_page_tail(p)) return
  if (debug_vm) VM_BUG_ON_PAGE(atomic_read(_count(p)) <= 0, p, 'page_count(page) <= 0')
  atomic_inc(_count(p))
}

/** mm/swap.c: the slow path of get_page. False: the page has been split, it is nobody's tail any more. */
function __get_page_tail(p: Page): boolean {
  const head = compound_head(p)
  if (p === head || !atomic_inc_not_zero(_count(head))) return false
  if (PageHeadHuge(head)) return true
  compound_lock(head)
  const got = PageTail(p)
  if (got) get_huge_page_tail(p)
  compound_unlock(head)
  if (!got) k.put_page(head)
  return got
}

/** For follow_page: caller holds the page table lock of a PMD that is not splitting, so no split is under way. */
function get_page_foll(p: Page): void {
  const tail = PageTail(p)
  const counted = tail ? compound_head(p) : p
  if (debug_vm) VM_BUG_ON_PAGE(atomic_read(_count(counted)) <= 0, p, 'page_count(page) <= 0')
  atomic_inc(_count(counted))
  if (tail) get_huge_page_tail(p)
}

/** Counts a pin of a tail where the split finds it; hugetlb pages are not split (compound_tail_refcounted). */
function get_huge_page_tail(p: Page): void {
  if (PageHeadHuge(compound_head(p))) return
  if (debug_vm) VM_BUG_ON_PAGE(page_mapcount(p) < 0, p, 'page_mapcount(page) < 0')
  if (debug_vm) VM_BUG_ON_PAGE(atomic_read(_count(p)) !== 0, p, 'atomic_read(&page->_count) != 0')
  atomic_inc(_mapcount(p))
}

export const changes: Changes = {
  PF_HEAD: { before: PF_ANY, after: v4_5.PF_HEAD },
  unlock_page: { before: unlock_page, after: v4_5.unlock_page },
  PageAnon: { before: PageAnon, after: v4_5.PageAnon },
  page_mapcount: { before: page_mapcount, after: v4_5.page_mapcount },
  page_mapped: { before: page_mapped, after: v4_5.page_mapped },
  get_page: { before: get_page, after: v4_5.get_page },
  __get_page_tail: { before: __get_page_tail, after: undefined },
  get_page_foll: { before: get_page_foll, after: undefined },
}
