// e180cf806a93 "thp, mm: avoid PageUnevictable on active/inactive lru lists" (July 2013, v3.11).
//
// Before, a split did not copy PG_active and PG_unevictable to the tails: lru_add_page_tail asked for each tail whether
// it is evictable. A tail whose head is on another list than the answer goes there all the same, with the wrong flag.
//
// After, the tails of a head that munlock has isolated, but not put back yet, still inherit its PG_unevictable without
// PG_mlocked: they stay on the unevictable list, and as munlock steps over them, until they are freed. Up to v4.4
// nothing keeps the split out between __munlock_isolate_lru_page and putback_lru_page, for it does not take the page
// lock.

import type { Page } from '../../mm/mm_types.ts'
import {
  PageActive,
  PageCompound,
  PageHead,
  PageLRU,
  PG_mlocked,
  PG_swapbacked,
  SetPageActive,
  SetPageLRU,
  SetPageUnevictable,
  VM_BUG_ON_PAGE,
} from '../../mm/page-flags.ts'
import { linkTail, lru_add_page_tail as lru_add_page_tail_4_5 } from '../../mm/swap.ts'
import { page_evictable } from '../../mm/vmscan.ts'
import { patch } from '../patch.ts'
import { splitTail, splitTailCopying } from './huge_memory_split.ts'

function splitTailBefore(p: Page, t: Page): number {
  return splitTailCopying(p, t, PG_swapbacked | PG_mlocked)
}

/** Caller holds lru_lock. */
function lru_add_page_tail(p: Page, t: Page): void {
  VM_BUG_ON_PAGE(!PageHead(p), p, '!PageHead(page)')
  VM_BUG_ON_PAGE(PageCompound(t), p, 'PageCompound(page_tail)')
  VM_BUG_ON_PAGE(PageLRU(t), p, 'PageLRU(page_tail)')
  SetPageLRU(t)
  if (!page_evictable(t)) SetPageUnevictable(t)
  else if (PageActive(p)) SetPageActive(t)
  linkTail(p, t)
}

export default patch('e180cf806a93', {
  subject: 'thp, mm: avoid PageUnevictable on active/inactive lru lists',
  release: 'v3.11',
  changes: {
    splitTail: { before: splitTailBefore, after: splitTail },
    lru_add_page_tail: { before: lru_add_page_tail, after: lru_add_page_tail_4_5 },
  },
})
