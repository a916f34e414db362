// Memory that the hardware has lost (mm/memory-failure.c, v4.5): a frame is marked, taken out of every page table, and
// kept for ever. Who comes upon the place later gets a SIGBUS, and who has asked for it gets one at once.
//
// PG_hwpoison is set before any lock is taken and before anybody knows whose the page is; who clears it again gives the
// page back to num_poisoned_pages.

import { k } from '../kernel.ts'
import { READ_ONCE } from '../ops.ts'
import { EBUSY } from './errno.ts'
import { forEachVmaOfHuge } from './hugetlb_rmap_walk.ts'
import { debug_vm } from './init.ts'
import { type Mm, NULL, type Page, page } from './mm_types.ts'
import {
  compound_head,
  compound_order,
  get_page_unless_zero,
  lock_page,
  PageAnon,
  PageCompound,
  PageHuge,
  PageHWPoison,
  PageLRU,
  PageReserved,
  PageSwapCache,
  PageTail,
  PageTransHuge,
  page_count,
  page_mapped,
  put_page,
  TestClearPageHWPoison,
  TestSetPageHWPoison,
  unlock_page,
  VM_BUG_ON_PAGE,
  wait_on_page_writeback,
} from './page-flags.ts'
import { TTU_IGNORE_HWPOISON, TTU_IGNORE_MLOCK, TTU_UNMAP } from './rmap_unmap.ts'
import { num_poisoned_pages_add } from './swapops.ts'

/** The caller has a reference already, which becomes ours. */
export const MF_COUNT_INCREASED = 1
/** Somebody was just about to use the memory: `current`. */
export const MF_ACTION_REQUIRED = 2

/**
 * A reference of the page that the frame is part of; false: it has none to give. A huge page that is not anonymous
 * exists only while it comes or goes, but for the huge zero page, which must not be split.
 */
export function get_hwpoison_page(p: Page): boolean {
  const head = compound_head(p)
  if (!PageHuge(head) && PageTransHuge(head) && !PageAnon(head)) return false
  return get_page_unless_zero(head)
}

/** Before v4.5 a tail counts its own: see history/hwpoison. */
export const put_hwpoison_page = (p: Page): void => put_page(p)

/**
 * Whether the frame lies on a free list of the buddy allocator. What lies on a CPU's own list is not found there, and
 * the kernel calls that busy; the model has one kind of free.
 */
export const is_free_buddy_page = (p: Page): boolean => page_count(p) === 0

/** Makes of a page that waits in a pagevec one on the LRU, or a free one. May sleep. */
export function shake_page(p: Page): void {
  k.lru_add_drain_all()
  if (PageLRU(p)) return
  // drain_all_pages
}

/**
 * Marks a frame and takes it out of use. 0, or -EBUSY: something could not be done, and what was done stays. The
 * reference, ours or the caller's, is kept with the page. May sleep.
 */
export function memory_failure(p: Page, flags: number, current: Mm = NULL): number {
  let hpage = compound_head(p)
  const orig_head = hpage
  if (TestSetPageHWPoison(p)) return 0
  // Of hugetlb all is lost with one page of it.
  const nr_pages = PageHuge(p) ? 1 << compound_order(hpage) : 1
  num_poisoned_pages_add(nr_pages)
  // A free page is in safe hands: the allocator will not give it out.
  if (!(flags & MF_COUNT_INCREASED) && !k.get_hwpoison_page(p)) {
    if (PageHuge(hpage)) return k.poisonFreeHugePage(p, hpage)
    return is_free_buddy_page(p) ? 0 : -EBUSY
  }
  if (!PageHuge(p) && PageTransHuge(hpage)) {
    if (k.splitPoisonedThp(p, hpage) !== 0) return -EBUSY
    hpage = compound_head(p)
  }
  if (!PageHuge(p)) {
    if (!PageLRU(p)) k.shake_page(p)
    if (!PageLRU(p) && is_free_buddy_page(p)) return 0
  }
  lock_page(hpage)
  // Something else by now.
  if (PageCompound(p) && compound_head(p) !== orig_head) {
    unlock_page(hpage)
    return -EBUSY
  }
  // Taking care of the page changes its flags, so the state is looked up by these, too.
  const page_flags = k.flagsToJudge(p, hpage)
  // Unpoisoned meanwhile: that is done under the page lock.
  if (!PageHWPoison(p)) {
    num_poisoned_pages_add(-nr_pages)
    unlock_page(hpage)
    k.put_hwpoison_page(hpage)
    return 0
  }
  const ret = k.handlePoisonedPage(p, hpage, flags, page_flags, current)
  unlock_page(hpage)
  return ret
}

/**
 * A huge page is split, for only one of its pages is lost. The lock and the reference that split_huge_page asks for are
 * those of the head, so that in between nobody holds the page itself.
 */
export function splitPoisonedThp(p: Page, hpage: Page): number {
  lock_page(hpage)
  if (!PageAnon(hpage) || k.split_huge_page_to_list(hpage) !== 0) {
    unlock_page(hpage)
    if (TestClearPageHWPoison(p)) num_poisoned_pages_add(-1)
    k.put_hwpoison_page(p)
    return -EBUSY
  }
  unlock_page(hpage)
  k.get_hwpoison_page(p)
  k.put_hwpoison_page(hpage)
  if (debug_vm) VM_BUG_ON_PAGE(page_count(p) === 0, p, '!page_count(p)')
  return 0
}

/** Of a tail of a huge page they say nothing. */
export const flagsToJudge = (p: Page, _hpage: Page): number => READ_ONCE(p + page.flags)

/** The part of memory_failure under the page lock: the maps go, then the page. */
export function handlePoisonedPage(p: Page, hpage: Page, flags: number, page_flags: number, current: Mm): number {
  if (!PageHuge(p) && !PageTail(p) && !PageLRU(p)) return k.identify_page_state(p, page_flags)
  // The head tells that the huge page is lost; if it does already, that is being done.
  if (PageHuge(p) && PageTail(p) && TestSetPageHWPoison(hpage)) {
    k.put_hwpoison_page(hpage)
    return 0
  }
  if (PageHuge(p)) k.set_page_hwpoison_huge_page(hpage)
  wait_on_page_writeback(p)
  if (!k.hwpoison_user_mappings(p, hpage, flags, current)) return -EBUSY
  // Torn down by somebody else.
  if (PageLRU(p) && !PageSwapCache(p) && READ_ONCE(p + page.mapping) === 0) return -EBUSY
  return k.identify_page_state(p, page_flags)
}

/** Whether nobody maps the page any more. Caller holds the page lock. */
export function hwpoison_user_mappings(p: Page, hpage: Page, flags: number, current: Mm): boolean {
  if (PageReserved(p) || !(PageLRU(hpage) || PageHuge(p)) || !page_mapped(hpage)) return true
  // Who maps it must be known before: with the maps goes what leads to them.
  const tokill = k.collect_procs(hpage, (flags & MF_ACTION_REQUIRED) !== 0)
  k.unmapPoisoned(hpage, TTU_UNMAP | TTU_IGNORE_MLOCK)
  const unmapped = !page_mapped(hpage)
  k.kill_procs(tokill, hpage, !unmapped, flags, current)
  return unmapped
}

/** try_to_unmap of a page, small or huge. */
export function unmapPoisoned(hpage: Page, ttu: number): void {
  if (!PageHuge(hpage)) {
    // Its next user shall come upon it in the swap cache.
    k.try_to_unmap(hpage, PageSwapCache(hpage) ? ttu | TTU_IGNORE_HWPOISON : ttu)
    return
  }
  forEachVmaOfHuge(hpage, (vma, addr) => {
    k.unmapPoisonedHuge(hpage, vma, addr)
    return page_mapped(hpage)
  })
}
