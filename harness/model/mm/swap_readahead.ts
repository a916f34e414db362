// Bringing pages back into the swap cache (the second half of mm/swap_state.c, v4.5): the one that is wanted, and its
// neighbours in the swap area, as many as were of use before.

import { k } from '../kernel.ts'
import { atomic_inc, cmpxchg, prepare_to_wait, READ_ONCE, schedule, WRITE_ONCE } from '../ops.ts'
import { sbrk, wr } from '../store.ts'
import { EEXIST } from './errno.ts'
import { page_cluster } from './init.ts'
import { NULL, type Page, type Swp } from './mm_types.ts'
import { alloc_page } from './page_alloc.ts'
import {
  lock_page,
  page_cache_release,
  SetPageReadahead,
  SetPageSwapBacked,
  TestClearPageReadahead,
} from './page-flags.ts'
import { find_get_swap_page } from './swap_state.ts'
import { swap_info } from './swapfile_map.ts'

/** Static variables of swap_state.c. */
const readahead = { swapin_readahead_hits: 0, prev_offset: 1, last_readahead_pages: 2, SIZE: 3 } as const
let state = 0

export function init_swap_readahead(): void {
  state = sbrk(readahead.SIZE)
  wr(state + readahead.swapin_readahead_hits, 4)
}

/** The page that stands for a slot, with a reference, or NULL. One that was read unasked has proved of use. */
export function lookup_swap_cache(entry: Swp): Page {
  const p = find_get_swap_page(entry)
  if (p !== NULL && TestClearPageReadahead(p)) atomic_inc(state + readahead.swapin_readahead_hits)
  return p
}

/**
 * The page that stands for a slot, with a reference: the one that is there, or a new one, being read. NULL: memory is
 * out, or nobody uses the slot any more. While another brings the page in, or drops it, the kernel looks again and
 * again; here it waits for that. May sleep.
 */
export function read_swap_cache_async(entry: Swp): Page {
  const queue = swap_info.queues + entry
  let fresh = NULL as Page
  for (;;) {
    const prepared = prepare_to_wait(queue)
    const found = find_get_swap_page(entry)
    if (found === NULL && fresh === NULL) fresh = alloc_page()
    const err = found === NULL && fresh !== NULL ? k.swapcache_prepare(entry) : 0
    if (found !== NULL || fresh === NULL || (err !== 0 && err !== -EEXIST)) {
      if (fresh !== NULL) page_cache_release(fresh)
      return found
    }
    if (err === 0) break
    schedule(queue, prepared)
  }
  lock_page(fresh)
  SetPageSwapBacked(fresh)
  k.__add_to_swap_cache(fresh, entry)
  // lru_cache_add_anon
  k.__lru_cache_add(fresh)
  k.swap_readpage(fresh)
  return fresh
}

/** The page of an entry that a fault wants, with a reference, or NULL; with its neighbours. May sleep. */
export function swapin_readahead(entry: Swp): Page {
  const mask = k.swapin_nr_pages(entry) - 1
  if (mask > 0) {
    const last = Math.min(entry | mask, swap_info.max - 1)
    for (let offset = Math.max(1, entry & ~mask); offset <= last; offset++) {
      const p = k.read_swap_cache_async(offset as Swp)
      if (p === NULL) continue
      if (offset !== entry) SetPageReadahead(p)
      page_cache_release(p)
    }
    // Whoever wants them finds them on the LRU.
    k.lru_add_drain()
  }
  return k.read_swap_cache_async(entry)
}

/** How many pages around `offset` are read: more the more of the last ones were of use. */
export function swapin_nr_pages(offset: number): number {
  const most = 1 << page_cluster
  if (most <= 1) return 1
  const hits = xchgHits()
  const prev = READ_ONCE(state + readahead.prev_offset)
  let pages = hits + 2
  if (pages === 2) {
    // Nothing that was read was used: only who goes on from the last one is thought to go on further.
    if (offset !== prev + 1 && offset !== prev - 1) pages = 1
    WRITE_ONCE(state + readahead.prev_offset, offset)
  } else {
    let roundup = 4
    while (roundup < pages) roundup <<= 1
    pages = roundup
  }
  // Not to zero at once.
  const last = READ_ONCE(state + readahead.last_readahead_pages) >> 1
  pages = Math.max(Math.min(pages, most), last)
  WRITE_ONCE(state + readahead.last_readahead_pages, pages)
  return pages
}

function xchgHits(): number {
  const cell = state + readahead.swapin_readahead_hits
  let hits = READ_ONCE(cell)
  for (let old = cmpxchg(cell, hits, 0); old !== hits; old = cmpxchg(cell, hits, 0)) hits = old
  return hits
}
