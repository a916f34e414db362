// mm/swap.c since v5.18, with 9c4e6b1a7027 "mm, mlock, vmscan: no more skipping pagevecs" (v4.16), on which it builds:
// a page finds its list when the pagevec is drained.

import { k } from '../../../kernel.ts'
import { debug_vm, zone } from '../../../mm/init.ts'
import { type Page, VM_IO, VM_LOCKED, type Vma, vm_area } from '../../../mm/mm_types.ts'
import {
  ClearPageActive,
  hpage_nr_pages,
  PageLRU,
  PageUnevictable,
  SetPageActive,
  SetPageLRU,
  SetPageUnevictable,
  TestClearPageMlocked,
  TestClearPageUnevictable,
  VM_BUG_ON_PAGE,
} from '../../../mm/page-flags.ts'
import { NR_CPUS } from '../../../mm/slab.ts'
import * as swap from '../../../mm/swap.ts'
import { page_evictable } from '../../../mm/vmscan.ts'
import {
  count_vm_events,
  mod_zone_page_state,
  NR_MLOCK,
  UNEVICTABLE_PGCLEARED,
  UNEVICTABLE_PGCULLED,
  UNEVICTABLE_PGRESCUED,
} from '../../../mm/vmstat.ts'
import { might_sleep, spin_lock, spin_unlock } from '../../../ops.ts'
import { rd, wr } from '../../../store.ts'
import type { Changes } from '../../patch.ts'
import { set_mlock_count } from './internal.ts'
import { drainMlockPvec } from './mlock_page.ts'

declare module '../../../kernel.ts' {
  interface Patched {
    __pagevec_lru_add_fn(page: Page): void
  }
}

/** Later called lru_cache_add_inactive_or_unevictable. Caller holds the page table lock. */
function lru_cache_add_active_or_unevictable(p: Page, vma: Vma): void {
  if (debug_vm) VM_BUG_ON_PAGE(PageLRU(p), p, 'PageLRU(page)')
  if ((rd(vma + vm_area.vm_flags) & (VM_LOCKED | VM_IO)) === VM_LOCKED) {
    k.mlock_new_page(p)
    return
  }
  SetPageActive(p)
  k.__lru_cache_add(p)
}

/** Puts a page onto the list where it belongs now. Caller holds lru_lock. */
function __pagevec_lru_add_fn(p: Page): void {
  const was_unevictable = TestClearPageUnevictable(p)
  VM_BUG_ON_PAGE(PageLRU(p), p, 'PageLRU(page)')
  // Before the look at the flag: who clears that looks at this first.
  SetPageLRU(p)
  if (page_evictable(p)) {
    if (was_unevictable) count_vm_events(UNEVICTABLE_PGRESCUED, hpage_nr_pages(p))
  } else {
    ClearPageActive(p)
    SetPageUnevictable(p)
    // Who mlocked it may wait to be counted still: rather too few than a page that nobody can munlock.
    set_mlock_count(p, 0)
    if (!was_unevictable) count_vm_events(UNEVICTABLE_PGCULLED, hpage_nr_pages(p))
  }
  swap.add_page_to_lru_list(p, swap.page_lru(p))
}

function __pagevec_lru_add(v: number): void {
  const nr = rd(v + swap.pagevec.nr)
  const pages: Page[] = []
  spin_lock(zone.lru_lock)
  for (let i = 0; i < nr; i++) {
    const p = rd(v + swap.pagevec.pages + i) as Page
    k.__pagevec_lru_add_fn(p)
    pages.push(p)
  }
  spin_unlock(zone.lru_lock)
  wr(v + swap.pagevec.nr, 0)
  k.release_pages(pages)
}

/** What waits to be mlocked comes last, so that it is on the LRU by then. */
function lru_add_drain(): void {
  swap.lru_add_drain()
  k.mlock_page_drain_local()
}

/** As v4.5's, each CPU in the order of lru_add_drain. */
function lru_add_drain_all(): void {
  might_sleep()
  for (let c = 0; c < NR_CPUS; c++) {
    swap.lru_add_drain_cpu(c)
    drainMlockPvec(c)
  }
}

/** A page that is freed while it is flagged was unmapped when VM_LOCKED was gone already. */
function __page_cache_release(p: Page): void {
  swap.__page_cache_release(p)
  if (!TestClearPageMlocked(p)) return
  mod_zone_page_state(NR_MLOCK, -hpage_nr_pages(p))
  count_vm_events(UNEVICTABLE_PGCLEARED, hpage_nr_pages(p))
}

/** mm/huge_memory.c. Nobody knows who has a page locked that was part of another. Caller holds lru_lock. */
function lru_add_page_tail(head: Page, t: Page): void {
  if (PageUnevictable(t)) set_mlock_count(t, 0)
  swap.lru_add_page_tail(head, t)
}

export const changes: Changes = {
  lru_cache_add_active_or_unevictable: {
    before: swap.lru_cache_add_active_or_unevictable,
    after: lru_cache_add_active_or_unevictable,
  },
  add_page_to_unevictable_list: { before: swap.add_page_to_unevictable_list, after: undefined },
  __pagevec_lru_add_fn: { before: undefined, after: __pagevec_lru_add_fn },
  __pagevec_lru_add: { before: swap.__pagevec_lru_add, after: __pagevec_lru_add },
  lru_add_drain: { before: swap.lru_add_drain, after: lru_add_drain },
  lru_add_drain_all: { before: swap.lru_add_drain_all, after: lru_add_drain_all },
  __page_cache_release: { before: swap.__page_cache_release, after: __page_cache_release },
  lru_add_page_tail: { before: swap.lru_add_page_tail, after: lru_add_page_tail },
}
