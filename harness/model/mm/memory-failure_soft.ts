// Memory that is about to fail, and memory that is well again (the second half of mm/memory-failure.c, v4.5), and the
// way to try all this out: madvise(2).

import { k } from '../kernel.ts'
import { EBUSY, EFAULT, EIO, ENOMEM } from './errno.ts'
import { is_free_buddy_page, MF_COUNT_INCREASED } from './memory-failure.ts'
import { MR_MEMORY_FAILURE } from './migrate.ts'
import { type Mm, NULL, type Page } from './mm_types.ts'
import { page_to_nid } from './mmzone.ts'
import {
  compound_head,
  compound_order,
  lock_page,
  PageAnon,
  PageHuge,
  PageHWPoison,
  PageLRU,
  PageTransHuge,
  page_count,
  page_mapped,
  put_page,
  SetPageHWPoison,
  TestClearPageHWPoison,
  TestSetPageHWPoison,
  unlock_page,
  wait_on_page_writeback,
} from './page-flags.ts'
import { pfn_to_page } from './pgtable.ts'
import { invalidate_inode_page } from './shmem_truncate.ts'
import { num_poisoned_pages_add } from './swapops.ts'
import { page_mapping } from './util.ts'
import { mod_zone_page_state, NR_ISOLATED_ANON } from './vmstat.ts'

// ---- soft offline ---------------------------------------------------------------------------------------------------

/** 1: ours, with a reference. 0: free. -EIO: neither. */
export function __get_any_page(p: Page, flags: number): number {
  if (flags & MF_COUNT_INCREASED || k.get_hwpoison_page(p)) return 1
  return PageHuge(p) || is_free_buddy_page(p) ? 0 : -EIO
}

/** As __get_any_page, of a page that, if it is not free, is on the LRU or one of hugetlb. */
export function get_any_page(p: Page, flags: number): number {
  let ret = k.__get_any_page(p, flags)
  if (ret !== 1 || PageHuge(p) || PageLRU(p)) return ret
  k.put_hwpoison_page(p)
  k.shake_page(p)
  ret = k.__get_any_page(p, 0)
  if (ret !== 1 || PageLRU(p)) return ret
  k.put_hwpoison_page(p)
  return -EIO
}

/**
 * Takes a frame out of use while its bytes can still be read: what stands in it moves. 0; -EBUSY: lost already, or a
 * huge page in use; -EIO: somebody holds it. The caller's reference goes in any case.
 */
export function soft_offline_page(p: Page, flags: number): number {
  if (PageHWPoison(p)) {
    if (flags & MF_COUNT_INCREASED) k.put_hwpoison_page(p)
    return -EBUSY
  }
  const ret = k.get_any_page(p, flags)
  if (ret > 0) return k.soft_offline_in_use_page(p)
  return ret === 0 ? k.soft_offline_free_page(p) : ret
}

/** Of hugetlb, it leaves the pool's free list for good. 0, whatever comes of it. */
export function soft_offline_free_page(p: Page): number {
  if (!PageHuge(p)) {
    if (!TestSetPageHWPoison(p)) num_poisoned_pages_add(1)
    return 0
  }
  const hpage = compound_head(p)
  k.set_page_hwpoison_huge_page(hpage)
  if (k.dequeue_hwpoisoned_huge_page(hpage) === 0) num_poisoned_pages_add(1 << compound_order(hpage))
  return 0
}

/** As splitPoisonedThp of memory-failure.ts, by way of the head. */
export function soft_offline_in_use_page(p: Page): number {
  const hpage = compound_head(p)
  if (!PageHuge(p) && PageTransHuge(hpage)) {
    lock_page(hpage)
    if (!PageAnon(hpage) || k.split_huge_page_to_list(hpage) !== 0) {
      unlock_page(hpage)
      k.put_hwpoison_page(hpage)
      return -EBUSY
    }
    unlock_page(hpage)
    k.get_hwpoison_page(p)
    k.put_hwpoison_page(hpage)
  }
  return PageHuge(p) ? k.soft_offline_huge_page(p) : k.__soft_offline_page(p)
}

/** Then the reference goes. */
export function lostAlready(hpage: Page): boolean {
  lock_page(hpage)
  const poisoned = PageHWPoison(hpage)
  unlock_page(hpage)
  if (poisoned) k.put_hwpoison_page(hpage)
  return poisoned
}

/** A page of hugetlb, with a reference that goes: all of the huge page moves, and is lost to the pool. */
export function soft_offline_huge_page(p: Page): number {
  const hpage = compound_head(p)
  if (lostAlready(hpage)) return -EBUSY
  const isolated = k.isolate_huge_page(hpage)
  k.put_hwpoison_page(hpage)
  if (!isolated) return -EBUSY
  const rc = k.migrateHugePage(hpage, page_to_nid(hpage))
  if (rc === 0) return k.markMovedHugePage(p, hpage)
  k.putbackUnmoved(hpage, rc)
  return rc === -ENOMEM ? rc : -EIO
}

/**
 * The huge page did not move. One that can never move has been put back already, and is put back twice (30809f559a0d).
 */
export const putbackUnmoved = (hpage: Page, _rc: number): void => k.putback_active_hugepage(hpage)

/**
 * It has moved, and is free: in the pool, where another may have it by now, or, one too many, with the page allocator.
 * 0.
 */
export function markMovedHugePage(p: Page, hpage: Page): number {
  if (PageHuge(p)) {
    k.set_page_hwpoison_huge_page(hpage)
    k.dequeue_hwpoisoned_huge_page(hpage)
    num_poisoned_pages_add(1 << compound_order(hpage))
  } else {
    SetPageHWPoison(p)
    num_poisoned_pages_add(1)
  }
  return 0
}

/** A base page, with a reference that goes. */
export function __soft_offline_page(p: Page): number {
  lock_page(p)
  wait_on_page_writeback(p)
  const poisoned = PageHWPoison(p)
  // What a file can do without need not move.
  const invalidated = !poisoned && invalidate_inode_page(p)
  unlock_page(p)
  if (poisoned || invalidated) k.put_hwpoison_page(p)
  if (poisoned) return -EBUSY
  if (invalidated) {
    SetPageHWPoison(p)
    num_poisoned_pages_add(1)
    return 0
  }
  const ret = k.isolate_lru_page(p)
  k.put_hwpoison_page(p)
  if (ret !== 0) return ret
  mod_zone_page_state(NR_ISOLATED_ANON, 1)
  const rc = k.migrate_pages(p, MR_MEMORY_FAILURE)
  return rc === 0 || rc === -ENOMEM ? rc : -EIO
}

// ---- unpoison -------------------------------------------------------------------------------------------------------

/** Only what software has marked is well again. Says nothing of whether it did anything. */
export function unpoison_memory(p: Page): void {
  const head = compound_head(p)
  if (!PageHWPoison(p)) return
  // The handler could not get rid of somebody: the page is none that could be given back.
  if (page_count(head) > 1 || page_mapped(head) || page_mapping(head) !== NULL) return
  if (!PageHuge(head) && PageTransHuge(head)) return
  const nr_pages = PageHuge(head) ? 1 << compound_order(head) : 1
  if (!k.get_hwpoison_page(p)) {
    // A huge page that was lost always has a reference: it is being seen to.
    if (PageHuge(head)) return
    if (TestClearPageHWPoison(p)) num_poisoned_pages_add(-1)
    return
  }
  lock_page(head)
  const freeit = TestClearPageHWPoison(head)
  if (freeit) num_poisoned_pages_add(-nr_pages)
  if (freeit && PageHuge(head)) k.clear_page_hwpoison_huge_page(head)
  unlock_page(head)
  k.put_hwpoison_page(head)
  // The reference that memory_failure has kept; the zero page keeps its own.
  if (freeit && !(p === pfn_to_page(0) && page_count(p) === 1)) k.put_hwpoison_page(head)
}

// ---- madvise --------------------------------------------------------------------------------------------------------

/** Whatever memory_failure says of it (23a003bfd23e). */
export function poisonByMadvise(p: Page): number {
  k.memory_failure(p, MF_COUNT_INCREASED)
  return 0
}

/** mm/madvise.c: MADV_HWPOISON or MADV_SOFT_OFFLINE, page by page. Returns 0 or the first error. */
export function madvise_hwpoison(mm: Mm, soft: boolean, start: number, end: number): number {
  for (
    let addr = start, p = NULL as Page;
    addr < end;
    addr += PageHuge(p) ? 1 << compound_order(compound_head(p)) : 1
  ) {
    // get_user_pages_fast
    const { pages, error } = k.get_user_pages(mm, addr, 1, false)
    if (pages[0] === undefined) return error || -EFAULT
    p = pages[0]
    if (PageHWPoison(p)) {
      put_page(p)
      continue
    }
    const ret = soft ? k.soft_offline_page(p, MF_COUNT_INCREASED) : k.poisonByMadvise(p)
    if (ret !== 0) return ret
  }
  return 0
}
