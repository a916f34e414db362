// The LRU lists and the per-CPU pagevecs before them (mm/swap.c).
//
// A page on its way to the LRU waits in this CPU's pagevec, and the pagevec holds a reference: until the next
// drain page_count() is one more than maps and pins explain.

import { KernelBug } from '../bug.ts'
import { k } from '../kernel.ts'
import { clear_bit, cpu, local_lock, local_unlock, might_sleep, spin_lock, spin_unlock } from '../ops.ts'
import { rd, S, sbrk, wr } from '../store.ts'
import { debug_vm, zone } from './init.ts'
import { type Page, page, VM_LOCKED, type Vma, vm_area } from './mm_types.ts'
import { free_pages } from './page_alloc.ts'
import {
  ClearPageActive,
  compound_head,
  hpage_nr_pages,
  isHugetlbHead,
  PageActive,
  PageCompound,
  PageLRU,
  PageTail,
  PageUnevictable,
  PG_active,
  PG_lru,
  PG_unevictable,
  page_cache_get,
  put_page_testzero,
  SetPageActive,
  SetPageLRU,
  SetPageUnevictable,
  TestSetPageMlocked,
  VM_BUG_ON_PAGE,
} from './page-flags.ts'
import { NR_CPUS } from './slab.ts'
import {
  count_vm_event,
  mod_zone_page_state,
  NR_ACTIVE_ANON,
  NR_INACTIVE_ANON,
  NR_MLOCK,
  NR_UNEVICTABLE,
  UNEVICTABLE_PGMLOCKED,
} from './vmstat.ts'

/** include/linux/pagevec.h */
export const PAGEVEC_SIZE = 14
export const pagevec = { nr: 0, pages: 1, SIZE: 16 } as const
let lru_add_pvecs = 0

/** The pagevec in which new pages of a CPU wait (lru_add_pvec). */
export const lruAddPvec = (n: number): number => lru_add_pvecs + n * pagevec.SIZE

let mlock_pvecs = 0
/** The pagevec in which pages of a CPU wait to be mlocked or munlocked (mlock_pvec, since v5.18): see history/mlock. */
export const mlockPvec = (n: number): number => mlock_pvecs + n * pagevec.SIZE
/** What stands in it is a page, and in these bits what is to be done. */
export const MLOCK_PVEC_FLAGS = 3

export function init_swap(): void {
  lru_add_pvecs = sbrk(NR_CPUS * pagevec.SIZE)
  mlock_pvecs = sbrk(NR_CPUS * pagevec.SIZE)
}

/** The pages that wait in pagevecs; for truth.ts. */
export function pagevecPages(): Page[] {
  const pages: Page[] = []
  for (let c = 0; c < NR_CPUS; c++) {
    addEntries(pages, lruAddPvec(c))
    addEntries(pages, mlockPvec(c), ~MLOCK_PVEC_FLAGS)
  }
  return pages
}

/** What waits to be mlocked or munlocked, with its flags; for truth.ts. */
export function mlockPvecEntries(): number[] {
  const entries: number[] = []
  for (let c = 0; c < NR_CPUS; c++) addEntries(entries, mlockPvec(c))
  return entries
}

function addEntries(entries: number[], v: number, mask = -1): void {
  for (let i = 0; i < S[v + pagevec.nr]!; i++) entries.push(S[v + pagevec.pages + i]! & mask)
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

/** A page that its first entry maps: in a locked vma it is mlocked from the start. Caller holds the page table lock. */
export function lru_cache_add_active_or_unevictable(p: Page, vma: Vma): void {
  if (debug_vm) VM_BUG_ON_PAGE(PageLRU(p), p, 'PageLRU(page)')
  if (!(rd(vma + vm_area.vm_flags) & VM_LOCKED)) {
    SetPageActive(p)
    k.__lru_cache_add(p)
    return
  }
  if (!TestSetPageMlocked(p)) {
    mod_zone_page_state(NR_MLOCK, hpage_nr_pages(p))
    count_vm_event(UNEVICTABLE_PGMLOCKED)
  }
  add_page_to_unevictable_list(p)
}

/** Past the pagevec, at once. */
export function add_page_to_unevictable_list(p: Page): void {
  spin_lock(zone.lru_lock)
  ClearPageActive(p)
  SetPageUnevictable(p)
  SetPageLRU(p)
  add_page_to_lru_list(p, NR_UNEVICTABLE)
  spin_unlock(zone.lru_lock)
}

/** include/linux/mm_inline.h: the counter of the list on which a page is, or belongs. Caller holds lru_lock. */
export function page_lru(p: Page): number {
  if (PageUnevictable(p)) return NR_UNEVICTABLE
  return PageActive(p) ? NR_ACTIVE_ANON : NR_INACTIVE_ANON
}

/**
 * include/linux/mm_inline.h. Nobody asks for the order of a list, so it is not kept, only its length; but that it is
 * written to, is: whoever does so without lru_lock is found by the race detector. Caller holds lru_lock.
 */
export function add_page_to_lru_list(p: Page, lru: number): void {
  wr(zone.lru_lists, 1)
  mod_zone_page_state(lru, hpage_nr_pages(p))
}

/** As add_page_to_lru_list. Over the link of a tail lies the way to its head: to unlink it writes somewhere. */
export function del_page_from_lru_list(p: Page, lru: number): void {
  if (PageTail(p))
    throw new KernelBug('oops', 'unable to handle kernel paging request: a tail page is unlinked from the LRU')
  wr(zone.lru_lists, 1)
  mod_zone_page_state(lru, -hpage_nr_pages(p))
}

/** A page goes to the list where reclaim looks first; the kernel collects such pages in a pagevec. Takes lru_lock. */
export function deactivate_page(p: Page): void {
  spin_lock(zone.lru_lock)
  if (PageLRU(p) && PageActive(p) && !PageUnevictable(p)) {
    del_page_from_lru_list(p, NR_ACTIVE_ANON)
    ClearPageActive(p)
    add_page_to_lru_list(p, NR_INACTIVE_ANON)
  }
  spin_unlock(zone.lru_lock)
}

/** Moves the pages of a pagevec onto the LRU and drops its references. Caller holds the local lock of its CPU. */
export function __pagevec_lru_add(v: number): void {
  const nr = rd(v + pagevec.nr)
  const pages: Page[] = []
  for (let i = 0; i < nr; i++) pages.push(rd(v + pagevec.pages + i) as Page)
  wr(v + pagevec.nr, 0)
  pagevec_lru_add(pages)
}

/** What __pagevec_lru_add does, for a pagevec that lies in local variables. */
export function pagevec_lru_add(pages: readonly Page[]): void {
  spin_lock(zone.lru_lock)
  for (const p of pages) {
    if (debug_vm) VM_BUG_ON_PAGE(PageLRU(p), p, 'PageLRU(page)')
    SetPageLRU(p)
    add_page_to_lru_list(p, page_lru(p))
  }
  spin_unlock(zone.lru_lock)
  k.release_pages(pages)
}

/** mm/swap.c __pagevec_release: drops the references that a local pagevec holds. */
export function pagevec_release(pages: readonly Page[]): void {
  k.lru_add_drain()
  k.release_pages(pages)
}

/**
 * A tail that becomes a page of its own goes where its head is; one that nobody has on the LRU joins it alone. Caller
 * holds lru_lock.
 */
export function lru_add_page_tail(head: Page, t: Page): void {
  SetPageLRU(t)
  linkTail(head, t)
}

/** Beside its head a tail is counted already, as of a huge page. Caller holds lru_lock. */
export function linkTail(head: Page, t: Page): void {
  if (PageLRU(head)) wr(zone.lru_lists, 1)
  else add_page_to_lru_list(t, page_lru(t))
}

/** Empties the pagevec of CPU `n`. */
export function lru_add_drain_cpu(n: number): void {
  const v = lruAddPvec(n)
  local_lock(n)
  if (rd(v + pagevec.nr) !== 0) k.__pagevec_lru_add(v)
  local_unlock(n)
}

/** Empties this CPU's pagevec. */
export function lru_add_drain(): void {
  lru_add_drain_cpu(cpu)
}

/**
 * Empties the pagevecs of all CPUs. The kernel queues work on each and waits; here their work is done by us, and what
 * it frees is ours to allocate next.
 */
export function lru_add_drain_all(): void {
  might_sleep()
  for (let c = 0; c < NR_CPUS; c++) lru_add_drain_cpu(c)
}

/** Takes a page that is about to be freed off the LRU. */
export function __page_cache_release(p: Page): void {
  if (!PageLRU(p)) return
  spin_lock(zone.lru_lock)
  del_page_from_lru_list(p, page_lru(p))
  clear_bit(p + page.flags, PG_lru | PG_active | PG_unevictable)
  spin_unlock(zone.lru_lock)
}

/** The last reference of `p`, a head or a page of its own, is gone. */
export function __put_page(p: Page): void {
  const compound = PageCompound(p)
  if (compound && isHugetlbHead(p)) {
    k.free_huge_page(p)
    return
  }
  k.__page_cache_release(p)
  if (compound) k.free_transhuge_page(p)
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
