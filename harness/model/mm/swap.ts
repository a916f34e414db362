// The LRU lists and the per-CPU pagevecs before them (mm/swap.c).
//
// A page on its way to the LRU waits in this CPU's pagevec, and the pagevec holds a reference: until the next
// drain page_count() is one more than maps and pins explain.

import { k } from '../kernel.ts'
import { clear_bit, cpu, local_lock, local_unlock, might_sleep, setCpu, spin_lock, spin_unlock } from '../ops.ts'
import { rd, S, sbrk, wr } from '../store.ts'
import { debug_vm, zone } from './init.ts'
import { type Page, page, type Vma } from './mm_types.ts'
import { free_pages } from './page_alloc.ts'
import {
  compound_head,
  hpage_nr_pages,
  PageActive,
  PageCompound,
  PageLRU,
  PG_active,
  PG_lru,
  page_cache_get,
  put_page_testzero,
  SetPageActive,
  SetPageLRU,
  VM_BUG_ON_PAGE,
} from './page-flags.ts'
import { NR_CPUS } from './slab.ts'
import { mod_zone_page_state, NR_ACTIVE_ANON, NR_INACTIVE_ANON } from './vmstat.ts'

/** include/linux/pagevec.h */
export const PAGEVEC_SIZE = 14
export const pagevec = { nr: 0, pages: 1, SIZE: 16 } as const
let lru_add_pvecs = 0

/** The pagevec in which new pages of a CPU wait (lru_add_pvec). */
export const lruAddPvec = (n: number): number => lru_add_pvecs + n * pagevec.SIZE

export function init_swap(): void {
  lru_add_pvecs = sbrk(NR_CPUS * pagevec.SIZE)
}

/** The pages that wait in a CPU's pagevec; for truth.ts. */
export function* pagevecPages(): Generator<Page> {
  for (let c = 0; c < NR_CPUS; c++) {
    const v = lruAddPvec(c)
    for (let i = 0; i < S[v + pagevec.nr]!; i++) yield S[v + pagevec.pages + i]! as Page
  }
}

/** Takes a reference and puts the page into this CPU's pagevec, which is drained first if it is full. */
export function __lru_cache_add(p: Page): void {
  const v = lruAddPvec(cpu)
  local_lock(cpu)
  page_cache_get(p)
  if (rd(v + pagevec.nr) === PAGEVEC_SIZE) k.__pagevec_lru_add(v)
  const nr = rd(v + pagevec.nr)
  wr(v + pagevec.pages + nr, p)
  wr(v + pagevec.nr, nr + 1)
  local_unlock(cpu)
}

export function lru_cache_add_active_or_unevictable(p: Page, _vma: Vma): void {
  if (debug_vm) VM_BUG_ON_PAGE(PageLRU(p), p, 'PageLRU(page)')
  SetPageActive(p)
  k.__lru_cache_add(p)
}

/** Moves the pages of a pagevec onto the LRU and drops its references. Caller holds the local lock of its CPU. */
export function __pagevec_lru_add(v: number): void {
  const nr = rd(v + pagevec.nr)
  const pages: Page[] = []
  spin_lock(zone.lru_lock)
  for (let i = 0; i < nr; i++) {
    const p = rd(v + pagevec.pages + i) as Page
    if (debug_vm) VM_BUG_ON_PAGE(PageLRU(p), p, 'PageLRU(page)')
    SetPageLRU(p)
    mod_zone_page_state(lruOf(p), hpage_nr_pages(p))
    pages.push(p)
  }
  spin_unlock(zone.lru_lock)
  wr(v + pagevec.nr, 0)
  k.release_pages(pages)
}

const lruOf = (p: Page): number => (PageActive(p) ? NR_ACTIVE_ANON : NR_INACTIVE_ANON)

/** A tail that becomes a page of its own goes where its head is; one that nobody has on the LRU joins it alone. Caller holds lru_lock. */
export function lru_add_page_tail(head: Page, t: Page): void {
  SetPageLRU(t)
  // The head was counted as a huge page.
  if (!PageLRU(head)) mod_zone_page_state(lruOf(t), 1)
}

/** Empties this CPU's pagevec. */
export function lru_add_drain(): void {
  const v = lruAddPvec(cpu)
  local_lock(cpu)
  if (rd(v + pagevec.nr) !== 0) k.__pagevec_lru_add(v)
  local_unlock(cpu)
}

/** Empties the pagevecs of all CPUs: work is queued on each and waited for. */
export function lru_add_drain_all(): void {
  might_sleep()
  const here = cpu
  for (let c = 0; c < NR_CPUS; c++) {
    setCpu(c)
    k.lru_add_drain()
  }
  setCpu(here)
}

/** Takes a page that is about to be freed off the LRU. */
export function __page_cache_release(p: Page): void {
  if (!PageLRU(p)) return
  spin_lock(zone.lru_lock)
  mod_zone_page_state(lruOf(p), -hpage_nr_pages(p))
  clear_bit(p + page.flags, PG_lru | PG_active)
  spin_unlock(zone.lru_lock)
}

/** The last reference of `p`, a head or a page of its own, is gone. */
export function __put_page(p: Page): void {
  k.__page_cache_release(p)
  if (PageCompound(p)) k.free_transhuge_page(p)
  else free_pages(p)
}

/**
 * Drops one reference of each page; the kernel takes lru_lock once for many of them. Base pages are freed at the end
 * and last first, so that the first of them is the next to be allocated.
 */
export function release_pages(pages: readonly Page[]): void {
  let pages_to_free: Page[] | undefined
  for (let i = 0; i < pages.length; i++) {
    const p = compound_head(pages[i]!)
    if (!put_page_testzero(p)) continue
    if (PageCompound(p)) k.__put_page(p)
    else if (pages_to_free === undefined) pages_to_free = [p]
    else pages_to_free.push(p)
  }
  while (pages_to_free !== undefined && pages_to_free.length > 0) k.__put_page(pages_to_free.pop()!)
}

/** mm/swap_state.c: what a TLB flush does with the pages it gathered. */
export function free_pages_and_swap_cache(pages: readonly Page[]): void {
  k.lru_add_drain()
  k.release_pages(pages)
}
