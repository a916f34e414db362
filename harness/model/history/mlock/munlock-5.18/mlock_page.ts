// The first half of mm/mlock.c since v5.18: single pages, by way of a pagevec of each CPU.
//
// PG_mlocked is set, and NR_MLOCK counted, at once; which list the page belongs to, and whether anybody else has it
// locked, is found out when the pagevec is worked off under lru_lock. Only of a page on the unevictable list it is
// known how many locked vmas map it: mlock_count, which may be too low (reclaim would find out) and must never be too
// high.

import { k } from '../../../kernel.ts'
import * as mlock from '../../../mm/mlock.ts'
import { type Page, page as struct_page } from '../../../mm/mm_types.ts'
import {
  ClearPageActive,
  ClearPageUnevictable,
  get_page,
  hpage_nr_pages,
  PageHead,
  PageLRU,
  PageMlocked,
  PageUnevictable,
  SetPageLRU,
  SetPageMlocked,
  SetPageUnevictable,
  TestClearPageLRU,
  TestClearPageMlocked,
  TestSetPageMlocked,
  VM_BUG_ON_PAGE,
} from '../../../mm/page-flags.ts'
import {
  add_page_to_lru_list,
  del_page_from_lru_list,
  MLOCK_PVEC_FLAGS,
  mlockPvec,
  page_lru,
  pagevec,
} from '../../../mm/swap.ts'
import { page_evictable } from '../../../mm/vmscan.ts'
import {
  count_vm_events,
  mod_zone_page_state,
  NR_MLOCK,
  UNEVICTABLE_PGCULLED,
  UNEVICTABLE_PGMLOCKED,
  UNEVICTABLE_PGMUNLOCKED,
  UNEVICTABLE_PGRESCUED,
  UNEVICTABLE_PGSTRANDED,
} from '../../../mm/vmstat.ts'
import { cpu, local_lock, local_unlock, spin_unlock } from '../../../ops.ts'
import { rd, wr } from '../../../store.ts'
import type { Changes } from '../../patch.ts'
import { munlock_vma_page } from '../655548bf6271.ts'
import { set_mlock_count } from './internal.ts'
import { folio_lruvec_relock } from './vmscan.ts'

declare module '../../../kernel.ts' {
  interface Patched {
    __mlock_page(page: Page, lruvec: number): number
    __mlock_new_page(page: Page, lruvec: number): number
    __munlock_page(page: Page, lruvec: number): number
    mlock_pagevec(pvec: number): void
    mlock_page_drain_local(): void
    mlock_page(page: Page): void
    mlock_new_page(page: Page): void
    munlock_page(page: Page): void
  }
}

/** include/linux/pagevec.h, since v4.15 (d4b4084ac315) */
const PAGEVEC_SIZE = 15
/** Flags of an entry of the pagevec: to be mlocked, on the LRU or on its way there, or new. None: to be munlocked. */
export const LRU_PAGE = 1
const NEW_PAGE = 2

/** Changes the list of a page that is off the LRU for us. Caller holds lru_lock. */
function rescue(page: Page): void {
  del_page_from_lru_list(page, page_lru(page))
  ClearPageUnevictable(page)
  add_page_to_lru_list(page, page_lru(page))
  count_vm_events(UNEVICTABLE_PGRESCUED, hpage_nr_pages(page))
}

/** To the unevictable list, or counted once more there. `lruvec`: the lru_lock that is held, if any; so it returns. */
function __mlock_page(page: Page, lruvec: number): number {
  // Off the LRU: whoever puts it back finds its list.
  if (!TestClearPageLRU(page)) return lruvec
  lruvec = folio_lruvec_relock(lruvec)
  if (page_evictable(page)) {
    // Munlocked already, by another CPU.
    if (PageUnevictable(page)) rescue(page)
  } else if (PageUnevictable(page)) {
    if (PageMlocked(page)) set_mlock_count(page, rd(page + struct_page.mlock_count) + 1)
  } else {
    del_page_from_lru_list(page, page_lru(page))
    ClearPageActive(page)
    SetPageUnevictable(page)
    set_mlock_count(page, PageMlocked(page) ? 1 : 0)
    add_page_to_lru_list(page, page_lru(page))
    count_vm_events(UNEVICTABLE_PGCULLED, hpage_nr_pages(page))
  }
  SetPageLRU(page)
  return lruvec
}

/** As __mlock_page, for a page that was on no list yet. */
function __mlock_new_page(page: Page, lruvec: number): number {
  VM_BUG_ON_PAGE(PageLRU(page), page, 'PageLRU(page)')
  lruvec = folio_lruvec_relock(lruvec)
  if (!page_evictable(page)) {
    SetPageUnevictable(page)
    set_mlock_count(page, PageMlocked(page) ? 1 : 0)
    count_vm_events(UNEVICTABLE_PGCULLED, hpage_nr_pages(page))
  }
  add_page_to_lru_list(page, page_lru(page))
  SetPageLRU(page)
  return lruvec
}

/** One locked map less; with the last one known the flag goes, and the page to the list where it belongs then. */
function __munlock_page(page: Page, lruvec: number): number {
  const nr_pages = hpage_nr_pages(page)
  const isolated = TestClearPageLRU(page)
  if (isolated) {
    lruvec = folio_lruvec_relock(lruvec)
    if (PageUnevictable(page)) {
      const mlock_count = rd(page + struct_page.mlock_count)
      if (mlock_count > 0) set_mlock_count(page, mlock_count - 1)
      if (mlock_count > 1) {
        SetPageLRU(page)
        return lruvec
      }
    }
  }
  if (TestClearPageMlocked(page)) {
    mod_zone_page_state(NR_MLOCK, -nr_pages)
    if (isolated || !PageUnevictable(page)) count_vm_events(UNEVICTABLE_PGMUNLOCKED, nr_pages)
    else count_vm_events(UNEVICTABLE_PGSTRANDED, nr_pages)
  }
  if (isolated) {
    // Only now: another CPU may have set the flag again.
    if (PageUnevictable(page) && page_evictable(page)) rescue(page)
    SetPageLRU(page)
  }
  return lruvec
}

/** Works a pagevec off, and drops its references. Caller holds the local lock of its CPU; takes lru_lock. */
function mlock_pagevec(pvec: number): void {
  const nr = rd(pvec + pagevec.nr)
  const pages: Page[] = []
  let lruvec = 0
  for (let i = 0; i < nr; i++) {
    const entry = rd(pvec + pagevec.pages + i)
    const page = (entry & ~MLOCK_PVEC_FLAGS) as Page
    pages.push(page)
    if (entry & LRU_PAGE) lruvec = k.__mlock_page(page, lruvec)
    else if (entry & NEW_PAGE) lruvec = k.__mlock_new_page(page, lruvec)
    else lruvec = k.__munlock_page(page, lruvec)
  }
  if (lruvec !== 0) spin_unlock(lruvec)
  wr(pvec + pagevec.nr, 0)
  k.release_pages(pages)
}

/** Empties the pagevec of CPU `n`. */
export function drainMlockPvec(n: number): void {
  const pvec = mlockPvec(n)
  local_lock(n)
  if (rd(pvec + pagevec.nr) !== 0) k.mlock_pagevec(pvec)
  local_unlock(n)
}

/** Empties this CPU's pagevec. */
function mlock_page_drain_local(): void {
  drainMlockPvec(cpu)
}

/** Adds to this CPU's pagevec, with a reference; a huge page does not wait. Caller holds the local lock. */
function addToPvec(page: Page, flag: number): void {
  const pvec = mlockPvec(cpu)
  get_page(page)
  const nr = rd(pvec + pagevec.nr)
  wr(pvec + pagevec.pages + nr, page + flag)
  wr(pvec + pagevec.nr, nr + 1)
  if (nr + 1 === PAGEVEC_SIZE || PageHead(page)) k.mlock_pagevec(pvec)
}

/** mlocks a page that is on the LRU, or off it for a while. Caller holds the lock of an entry that maps it. */
function mlock_page(page: Page): void {
  local_lock(cpu)
  if (!TestSetPageMlocked(page)) {
    mod_zone_page_state(NR_MLOCK, hpage_nr_pages(page))
    count_vm_events(UNEVICTABLE_PGMLOCKED, hpage_nr_pages(page))
  }
  addToPvec(page, LRU_PAGE)
  local_unlock(cpu)
}

/** mlocks a page that nobody else has seen yet. Caller holds the lock of the entry that will map it. */
function mlock_new_page(page: Page): void {
  local_lock(cpu)
  SetPageMlocked(page)
  mod_zone_page_state(NR_MLOCK, hpage_nr_pages(page))
  count_vm_events(UNEVICTABLE_PGMLOCKED, hpage_nr_pages(page))
  addToPvec(page, NEW_PAGE)
  local_unlock(cpu)
}

/** PG_mlocked is left to __munlock_page, which knows whether others have the page locked. */
function munlock_page(page: Page): void {
  local_lock(cpu)
  addToPvec(page, 0)
  local_unlock(cpu)
}

export const changes: Changes = {
  clear_page_mlock: { before: mlock.clear_page_mlock, after: undefined },
  mlock_vma_page: { before: mlock.mlock_vma_page, after: undefined },
  munlock_vma_page: { before: munlock_vma_page, after: undefined },
  __munlock_isolate_lru_page: { before: mlock.__munlock_isolate_lru_page, after: undefined },
  __munlock_isolated_page: { before: mlock.__munlock_isolated_page, after: undefined },
  __munlock_isolation_failed: { before: mlock.__munlock_isolation_failed, after: undefined },
  __mlock_page: { before: undefined, after: __mlock_page },
  __mlock_new_page: { before: undefined, after: __mlock_new_page },
  __munlock_page: { before: undefined, after: __munlock_page },
  mlock_pagevec: { before: undefined, after: mlock_pagevec },
  mlock_page_drain_local: { before: undefined, after: mlock_page_drain_local },
  mlock_page: { before: undefined, after: mlock_page },
  mlock_new_page: { before: undefined, after: mlock_new_page },
  munlock_page: { before: undefined, after: munlock_page },
}
