// c3114a84f7f9 "mm: hugetlb: soft-offline: dissolve source hugepage after successful migration" (v4.13), with what of
// its series is about memory that is about to fail: 243abd5b7803 "mm: hugetlb: prevent reuse of hwpoisoned free
// hugepages", b37ff71cc626 "mm: hwpoison: change PageHWPoison behavior on hugetlb pages" and d4a3a60b37bf "mm:
// soft-offline: dissolve free hugepage if soft-offlined".
//
// Before, all of a huge page is lost, and counts as a page of its pool. After, what is well of it goes back to the page
// allocator. But the mark is set before it is known whether the pool can do without the page, or whether it is free at
// all, and in unmap_and_move_huge_page whether or not it has moved: one that is mapped stays so, and one of the free
// list is given out no more, to nobody.

import { k } from '../../kernel.ts'
import { EAGAIN, EBUSY } from '../../mm/errno.ts'
import { hstate, hugetlb_lock, page_hstate } from '../../mm/hugetlb_hstate.ts'
import {
  add,
  moveToActive,
  pageAt,
  resv_huge_pages,
  set_page_refcounted,
  unlinkHuge,
  dequeue_huge_page_node as v4_5_dequeue,
} from '../../mm/hugetlb_pool.ts'
import {
  markMovedHugePage as v4_5_markMoved,
  soft_offline_free_page as v4_5_soft_offline_free_page,
} from '../../mm/memory-failure_soft.ts'
import { type Hstate, NULL, type Page } from '../../mm/mm_types.ts'
import { page_to_nid } from '../../mm/mmzone.ts'
import {
  compound_head,
  PageHuge,
  PageHWPoison,
  page_count,
  SetPageHWPoison,
  TestClearPageHWPoison,
  TestSetPageHWPoison,
} from '../../mm/page-flags.ts'
import { num_poisoned_pages_add } from '../../mm/swapops.ts'
import { spin_lock, spin_unlock } from '../../ops.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'
import { putbackUnmoved as v4_12_putbackUnmoved } from './30809f559a0d.ts'

declare module '../../kernel.ts' {
  interface Patched {
    /** Older than this patch (c8721bbbdd36, v3.12), but until then for memory hotplug only. */
    dissolve_free_huge_page(p: Page): number
  }
}

/** The first page of the list that is not marked. */
function dequeue_huge_page_node(h: Hstate, nid: number): Page {
  const list = h + hstate.hugepage_freelists + 2 * nid
  let entry = rd(list)
  while (entry !== list && PageHWPoison(pageAt(entry))) entry = rd(entry)
  if (entry === list) return NULL
  const p = pageAt(entry)
  moveToActive(h, p)
  set_page_refcounted(p)
  add(h, hstate.free_huge_pages, -1)
  add(h, hstate.free_huge_pages_node + nid, -1)
  return p
}

/**
 * Gives a free huge page back to the page allocator. -EBUSY: it is reserved; 0 also for a page that is not free. Takes
 * hugetlb_lock.
 */
function dissolve_free_huge_page(p: Page): number {
  let rc = 0
  spin_lock(hugetlb_lock)
  if (PageHuge(p) && page_count(compound_head(p)) === 0) rc = dissolveFree(p)
  spin_unlock(hugetlb_lock)
  return rc
}

/** The part of dissolve_free_huge_page for a free one. Caller holds hugetlb_lock. */
export function dissolveFree(p: Page): number {
  const head = compound_head(p)
  const h = page_hstate(head)
  if (rd(h + hstate.free_huge_pages) - resv_huge_pages(h) === 0) return -EBUSY
  // Only the page that is meant stays marked.
  if (PageHWPoison(head) && p !== head) {
    SetPageHWPoison(p)
    TestClearPageHWPoison(head)
  }
  unlinkHuge(head)
  add(h, hstate.free_huge_pages, -1)
  add(h, hstate.free_huge_pages_node + page_to_nid(head), -1)
  add(h, hstate.max_huge_pages, -1)
  k.update_and_free_page(h, head)
  return 0
}

/** The head is marked, also where it is none any more: of a surplus page, whose frames are with the page allocator. */
function markMovedHugePage(p: Page, hpage: Page): number {
  markHead(hpage)
  if (PageHuge(p)) k.dissolve_free_huge_page(p)
  return 0
}

/** One for which there is no other has not come so far as to be marked, nor one that cannot move at all. */
function putbackUnmoved(hpage: Page, rc: number): void {
  if (rc === -EAGAIN) markHead(hpage)
  v4_12_putbackUnmoved(hpage, rc)
}

function markHead(hpage: Page): void {
  if (!TestSetPageHWPoison(hpage)) num_poisoned_pages_add(1)
}

function soft_offline_free_page(p: Page): number {
  const head = compound_head(p)
  if (TestSetPageHWPoison(head)) return 0
  num_poisoned_pages_add(1)
  if (PageHuge(head)) k.dissolve_free_huge_page(p)
  return 0
}

export const after = { markMovedHugePage, putbackUnmoved, dissolve_free_huge_page, soft_offline_free_page }

export default patch('c3114a84f7f9', {
  subject: 'mm: hugetlb: soft-offline: dissolve source hugepage after successful migration',
  release: 'v4.13',
  needs: ['30809f559a0d'],
  changes: {
    dequeue_huge_page_node: { before: v4_5_dequeue, after: dequeue_huge_page_node },
    dissolve_free_huge_page: { before: undefined, after: dissolve_free_huge_page },
    markMovedHugePage: { before: v4_5_markMoved, after: markMovedHugePage },
    putbackUnmoved: { before: v4_12_putbackUnmoved, after: putbackUnmoved },
    soft_offline_free_page: { before: v4_5_soft_offline_free_page, after: soft_offline_free_page },
  },
})
