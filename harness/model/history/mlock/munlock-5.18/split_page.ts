// The end of mm/huge_memory.c since v5.18, with baa355fd3314 "thp: file pages support for split_huge_page()" (v4.8), on
// which it builds: a page is split while its count is 0, so that nobody gets a reference, and nobody who takes pages
// off the LRU without lru_lock comes between. No pagevec is drained: a huge page does not wait in one.

import { k } from '../../../kernel.ts'
import { EBUSY } from '../../../mm/errno.ts'
import * as whole from '../../../mm/huge_memory_page.ts'
import { debug_vm, HPAGE_PMD_NR, zone } from '../../../mm/init.ts'
import { list_del, list_empty } from '../../../mm/list.ts'
import { type AnonVma, type Page, page, TAIL_MAPPING, tail } from '../../../mm/mm_types.ts'
import {
  _count,
  _mapcount,
  ClearPageCompound,
  PageHWPoison,
  PG_hwpoison,
  put_page,
  subpage,
  unlock_page,
  VM_BUG_ON_PAGE,
} from '../../../mm/page-flags.ts'
import { page_anon_vma } from '../../../mm/rmap_walk.ts'
import {
  again,
  atomic_inc,
  atomic_read,
  atomic_set,
  bit_lock_copied,
  cmpxchg,
  loop,
  readBits,
  spin_lock,
  spin_unlock,
  WRITE_ONCE,
} from '../../../ops.ts'
import { rd, wr } from '../../../store.ts'
import type { Changes } from '../../patch.ts'

/**
 * Tail `i` becomes a page of its own, with the one reference that a new page has. Nobody maps it. Caller holds
 * lru_lock.
 */
function __split_huge_page_tail(head: Page, i: number): number {
  const t = subpage(head, i)
  if (debug_vm) VM_BUG_ON_PAGE(atomic_read(_mapcount(t)) !== -1, t, 'atomic_read(&page_tail->_mapcount) != -1')
  const poisoned = PageHWPoison(t) ? PG_hwpoison : 0
  WRITE_ONCE(t + page.flags, poisoned | readBits(head + page.flags, whole.INHERITED))
  bit_lock_copied()
  if (debug_vm) VM_BUG_ON_PAGE(i > 2 && rd(t + page.mapping) !== TAIL_MAPPING, t, 'page_tail->mapping != TAIL_MAPPING')
  WRITE_ONCE(t + page.mapping, rd(head + page.mapping))
  wr(t + page.index, rd(head + page.index) + i)
  WRITE_ONCE(t + page.compound_head, 0)
  // page_ref_unfreeze
  atomic_set(_count(t), 1)
  k.lru_add_page_tail(head, t)
  return 0
}

/** As v4.5's. The count of the head is 0 until it is no head any more. */
function __split_huge_page(p: Page, head: Page): void {
  spin_lock(zone.lru_lock)
  for (let i = HPAGE_PMD_NR - 1; i >= 1; i--) k.__split_huge_page_tail(head, i)
  ClearPageCompound(head)
  spin_unlock(zone.lru_lock)
  atomic_inc(_count(head))
  k.unfreeze_page(page_anon_vma(head), head)
  const here = loop()
  for (let i = 0; i < HPAGE_PMD_NR; i++) {
    again(here, i)
    const sub = subpage(head, i)
    if (sub === p) continue
    unlock_page(sub)
    put_page(sub)
  }
}

/** The middle of split_huge_page_to_list. Only if the caller's is the last reference the page can be frozen. */
function splitFrozen(av: AnonVma, p: Page, head: Page): number {
  k.freeze_page(av, head)
  spin_lock(zone.split_queue_lock)
  // page_ref_freeze
  if (cmpxchg(_count(head), 1, 0) === 1) {
    if (!list_empty(head + tail.deferred_list)) {
      wr(zone.split_queue_len, rd(zone.split_queue_len) - 1)
      list_del(head + tail.deferred_list)
    }
    spin_unlock(zone.split_queue_lock)
    k.__split_huge_page(p, head)
    return 0
  }
  spin_unlock(zone.split_queue_lock)
  k.unfreeze_page(av, head)
  return -EBUSY
}

export const changes: Changes = {
  __split_huge_page_tail: { before: whole.__split_huge_page_tail, after: __split_huge_page_tail },
  __split_huge_page: { before: whole.__split_huge_page, after: __split_huge_page },
  splitFrozen: { before: whole.splitFrozen, after: splitFrozen },
}
