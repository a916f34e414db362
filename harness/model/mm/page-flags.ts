// Page flags and what a struct page says of itself (include/linux/page-flags.h, mm.h, v4.5).
//
// Whose bits stand for those of a tail is decided by k.PF_HEAD; what releases before v4.5 did otherwise leads through
// `k` to mm.ts.

import { KernelBug } from '../bug.ts'
import { k } from '../kernel.ts'
import {
  atomic_dec_and_test,
  atomic_inc_not_zero,
  atomic_read,
  atomic_set,
  bit_lock,
  bit_trylock,
  clear_bit,
  cmpxchg,
  READ_ONCE,
  set_bit,
  test_and_clear_bit,
  test_and_set_bit,
  test_bit,
  WRITE_ONCE,
  wait_on_bit,
} from '../ops.ts'
import { rd, wr } from '../store.ts'
import { debug_vm, HPAGE_PMD_NR } from './init.ts'
import { type Page, page, type Swp, tail, type Vma } from './mm_types.ts'

export const PG_locked = 1
export const PG_dirty = 2
export const PG_lru = 4
export const PG_active = 8
export const PG_swapbacked = 16
export const PG_head = 32
/** On tail 1 (PG_private_2 there). */
export const PG_double_map = 64
export const PG_mlocked = 128
export const PG_unevictable = 256
export const PG_reserved = 512
export const PG_hwpoison = 1024
/** Of a hugetlb page: it took a reservation, which comes back if it is freed unused; on tail 1: it is in use. */
export const PG_private = 2048
/** Of a page that stands for a slot of the swap area. Changes under the page lock. */
export const PG_swapcache = 1 << 13
/** To v4.4, see history/thp-refcount. */
export const PG_compound_lock = 1 << 14
export const PG_writeback = 1 << 15
/**
 * Goes to where reclaim finds it first once it is written; of a page that is read (PG_readahead) it came unasked for.
 */
export const PG_reclaim = 1 << 16
/**
 * Of a page of tmpfs, or one that was swapped in: it has been zeroed, or read. What fallocate made waits for its first
 * use.
 */
export const PG_uptodate = 1 << 18

const field = (p: Page, f: number): number => p + f

export const PageTail = (p: Page): boolean => test_bit(field(p, page.compound_head), 1)
export const PageHead = (p: Page): boolean => test_bit(field(p, page.flags), PG_head)
export const ClearPageCompound = (head: Page): void => clear_bit(field(head, page.flags), PG_head)
export const PageCompound = (p: Page): boolean => PageHead(p) || PageTail(p)
/** Without hugetlb pages every compound page that is mapped is a transparent huge page. */
export const PageTransCompound = PageCompound
export const PageTransHuge = PageHead

export function compound_head(p: Page): Page {
  const head = READ_ONCE(field(p, page.compound_head))
  return (head & 1 ? head - 1 : p) as Page
}
export const subpage = (p: Page, i: number): Page => (p + i * page.SIZE) as Page
export const hpage_nr_pages = (p: Page): number => (PageTransHuge(p) ? HPAGE_PMD_NR : 1)

const headFlags = (p: Page): number => field(k.PF_HEAD(p), page.flags)
export const PageLocked = (p: Page): boolean => test_bit(headFlags(p), PG_locked)
export const trylock_page = (p: Page): boolean => bit_trylock(headFlags(p), PG_locked)
export const lock_page = (p: Page): void => bit_lock(headFlags(p), PG_locked)
export const unlock_page = (p: Page): void => k.unlock_page(p)
export const wait_on_page_locked = (p: Page): void => wait_on_bit(headFlags(p), PG_locked)
export const PageUptodate = (p: Page): boolean => test_bit(headFlags(p), PG_uptodate)
export const SetPageUptodate = (p: Page): void => set_bit(headFlags(p), PG_uptodate)
export const ClearPageUptodate = (p: Page): void => clear_bit(headFlags(p), PG_uptodate)
export const PageDirty = (p: Page): boolean => test_bit(headFlags(p), PG_dirty)
export const SetPageDirty = (p: Page): void => set_bit(headFlags(p), PG_dirty)
export const PageLRU = (p: Page): boolean => test_bit(headFlags(p), PG_lru)
export const SetPageLRU = (p: Page): void => set_bit(headFlags(p), PG_lru)
export const PageActive = (p: Page): boolean => test_bit(headFlags(p), PG_active)
export const SetPageActive = (p: Page): void => set_bit(headFlags(p), PG_active)
export const TestClearPageActive = (p: Page): boolean => test_and_clear_bit(headFlags(p), PG_active)
export const PageSwapBacked = (p: Page): boolean => test_bit(headFlags(p), PG_swapbacked)
export const SetPageSwapBacked = (p: Page): void => set_bit(headFlags(p), PG_swapbacked)

export const TestClearPageLRU = (p: Page): boolean => test_and_clear_bit(headFlags(p), PG_lru)
export const ClearPageLRU = (p: Page): void => clear_bit(headFlags(p), PG_lru)
export const ClearPageActive = (p: Page): void => clear_bit(headFlags(p), PG_active)
export const PageUnevictable = (p: Page): boolean => test_bit(headFlags(p), PG_unevictable)
export const SetPageUnevictable = (p: Page): void => set_bit(headFlags(p), PG_unevictable)
export const ClearPageUnevictable = (p: Page): void => clear_bit(headFlags(p), PG_unevictable)
export const TestClearPageUnevictable = (p: Page): boolean => test_and_clear_bit(headFlags(p), PG_unevictable)
export const PageMlocked = (p: Page): boolean => test_bit(headFlags(p), PG_mlocked)
export const SetPageMlocked = (p: Page): void => set_bit(headFlags(p), PG_mlocked)
export const TestSetPageMlocked = (p: Page): boolean => test_and_set_bit(headFlags(p), PG_mlocked)
export const TestClearPageMlocked = (p: Page): boolean => test_and_clear_bit(headFlags(p), PG_mlocked)

export const PageSwapCache = (p: Page): boolean => test_bit(field(p, page.flags), PG_swapcache)
export const SetPageSwapCache = (p: Page): void => set_bit(field(p, page.flags), PG_swapcache)
export const ClearPageSwapCache = (p: Page): void => clear_bit(field(p, page.flags), PG_swapcache)
/** Caller holds the page lock. */
export const page_swap_entry = (p: Page): Swp => rd(field(p, page.private)) as Swp
export const set_page_swap_entry = (p: Page, entry: Swp): void => wr(field(p, page.private), entry)
export const PageWriteback = (p: Page): boolean => test_bit(field(p, page.flags), PG_writeback)
export const TestSetPageWriteback = (p: Page): boolean => test_and_set_bit(field(p, page.flags), PG_writeback)
export const TestClearPageWriteback = (p: Page): boolean => test_and_clear_bit(field(p, page.flags), PG_writeback)
export const wait_on_page_writeback = (p: Page): void => {
  if (PageWriteback(p)) wait_on_bit(field(p, page.flags), PG_writeback)
}
export const PageReclaim = (p: Page): boolean => test_bit(field(p, page.flags), PG_reclaim)
export const SetPageReclaim = (p: Page): void => set_bit(field(p, page.flags), PG_reclaim)
export const ClearPageReclaim = (p: Page): void => clear_bit(field(p, page.flags), PG_reclaim)
export const SetPageReadahead = SetPageReclaim
export const TestClearPageReadahead = (p: Page): boolean => test_and_clear_bit(field(p, page.flags), PG_reclaim)

export const PageReserved = (p: Page): boolean => test_bit(headFlags(p), PG_reserved)
export const SetPageReserved = (p: Page): void => set_bit(field(p, page.flags), PG_reserved)
/** Of each base page apart, whatever it is part of (PF_ANY). */
export const PageHWPoison = (p: Page): boolean => test_bit(field(p, page.flags), PG_hwpoison)
export const SetPageHWPoison = (p: Page): void => set_bit(field(p, page.flags), PG_hwpoison)
export const TestSetPageHWPoison = (p: Page): boolean => test_and_set_bit(field(p, page.flags), PG_hwpoison)
export const TestClearPageHWPoison = (p: Page): boolean => test_and_clear_bit(field(p, page.flags), PG_hwpoison)
export const TestClearPageDirty = (p: Page): boolean => test_and_clear_bit(headFlags(p), PG_dirty)
export const ClearPageDirty = (p: Page): void => clear_bit(headFlags(p), PG_dirty)
export const PagePrivate = (p: Page): boolean => test_bit(field(p, page.flags), PG_private)
export const SetPagePrivate = (p: Page): void => set_bit(field(p, page.flags), PG_private)
export const ClearPagePrivate = (p: Page): void => clear_bit(field(p, page.flags), PG_private)

/**
 * On tail 1 of a hugetlb page. In v4.5 the destructor says it, which lies over a list link of the tail: whoever looks
 * while a THP is split finds a link there, and a link is never that function. Later kernels have a flag, as here.
 */
export const PG_hugetlb = 4096
export const isHugetlbHead = (head: Page): boolean => test_bit(head + page.SIZE + page.flags, PG_hugetlb)
export const setHugetlbHead = (head: Page): void => set_bit(head + page.SIZE + page.flags, PG_hugetlb)
export const clearHugetlbHead = (head: Page): void => clear_bit(head + page.SIZE + page.flags, PG_hugetlb)
/** mm/hugetlb.c: whether the page belongs to hugetlb, and whether it is the head of one. */
export const PageHuge = (p: Page): boolean => PageCompound(p) && isHugetlbHead(compound_head(p))
export const PageHeadHuge = (p: Page): boolean => PageHead(p) && isHugetlbHead(p)
export const compound_order = (head: Page): number => READ_ONCE(head + tail.compound_order)

const doubleMap = (head: Page): number => head + page.SIZE + page.flags
export const PageDoubleMap = (head: Page): boolean => test_bit(doubleMap(head), PG_double_map)
export const TestSetPageDoubleMap = (head: Page): boolean => test_and_set_bit(doubleMap(head), PG_double_map)
export const TestClearPageDoubleMap = (head: Page): boolean => test_and_clear_bit(doubleMap(head), PG_double_map)

// ---- mapping ---------------------------------------------------------------------------------------------------

export const PageAnon = (p: Page): boolean => k.PageAnon(p)

// ---- counts ----------------------------------------------------------------------------------------------------

export const _count = (p: Page): number => p + page._count
export const _mapcount = (p: Page): number => p + page._mapcount
export const compound_mapcount_ptr = (p: Page): number => compound_head(p) + tail.compound_mapcount
export const compound_mapcount = (p: Page): number => atomic_read(compound_mapcount_ptr(p)) + 1

export const page_mapcount = (p: Page): number => k.page_mapcount(p)

/** Whether anybody maps the page, or for a huge page any part of it. Racy: the answer may be none by now. */
export const page_mapped = (p: Page): boolean => k.page_mapped(p)
export const page_count = (p: Page): number => atomic_read(compound_head(p) + page._count)

export const get_page = (p: Page): void => k.get_page(p)
export const page_cache_get = get_page

/** A reference of whatever page this frame may be by now; a tail and a free page have none to give. */
export const get_page_unless_zero = (p: Page): boolean => atomic_inc_not_zero(p + page._count)

/** mm/internal.h: all references, if they are `n`: whoever looks for the page without a lock does not get it now. */
export const page_freeze_refs = (p: Page, n: number): boolean => cmpxchg(p + page._count, n, 0) === n
export const page_unfreeze_refs = (p: Page, n: number): void => atomic_set(p + page._count, n)

export function put_page_testzero(p: Page): boolean {
  if (debug_vm) VM_BUG_ON_PAGE(atomic_read(p + page._count) === 0, p, 'page_count(page) == 0')
  return atomic_dec_and_test(p + page._count)
}

export const put_page = (p: Page): void => k.put_page(p)
export const page_cache_release = put_page

// ---- CONFIG_DEBUG_VM ---------------------------------------------------------------------------------------------

/**
 * Without CONFIG_DEBUG_VM nothing is looked at: what follows is then silent corruption. Where every fault passes,
 * callers ask for debug_vm first, so that the condition costs nothing.
 */
export function VM_BUG_ON_PAGE(condition: boolean, _page: Page, text: string): void {
  if (debug_vm && condition) throw new KernelBug('bug-on', `VM_BUG_ON_PAGE(${text})`)
}

export function VM_BUG_ON_VMA(condition: boolean, _vma: Vma, text: string): void {
  if (debug_vm && condition) throw new KernelBug('bug-on', `VM_BUG_ON_VMA(${text})`)
}

// ---- what stands in the frame ------------------------------------------------------------------------------------

/** Users and devices write at any time: looking and storing are single accesses of their own. */
export const page_content = (p: Page): number => READ_ONCE(p + page.content)
export const set_page_content = (p: Page, content: number): void => WRITE_ONCE(p + page.content, content)
