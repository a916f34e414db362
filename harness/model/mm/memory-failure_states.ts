// What becomes of a lost page that nobody maps any more, by what it was (error_states of mm/memory-failure.c, v4.5).

import { k } from '../kernel.ts'
import { READ_ONCE } from '../ops.ts'
import { EBUSY } from './errno.ts'
import { NULL, type Page, page } from './mm_types.ts'
import {
  ClearPageActive,
  ClearPageDirty,
  ClearPageUnevictable,
  ClearPageUptodate,
  compound_head,
  PageAnon,
  PageSwapCache,
  PG_dirty,
  PG_head,
  PG_lru,
  PG_mlocked,
  PG_reserved,
  PG_swapcache,
  PG_unevictable,
  page_count,
  put_page,
} from './page-flags.ts'
import { page_mapping } from './util.ts'

/** enum mf_result of include/linux/mm.h */
export const MF_IGNORED = 0
export const MF_FAILED = 1
export const MF_DELAYED = 2
export const MF_RECOVERED = 3

/** Takes the page off the LRU for ever; false: it was on none. */
export function delete_from_lru_cache(p: Page): boolean {
  if (k.isolate_lru_page(p) !== 0) return false
  ClearPageActive(p)
  ClearPageUnevictable(p)
  put_page(p)
  return true
}

export const me_kernel = (): number => MF_IGNORED
export const me_unknown = (): number => MF_FAILED
/**
 * A page of hugetlb, for a transparent one was split. If it is nobody's by now it leaves the pool, else when it is
 * freed: never.
 */
export function me_huge_page(p: Page): number {
  const hpage = compound_head(p)
  const owned = READ_ONCE(hpage + page.mapping) !== 0
  return !owned && k.dequeue_hwpoisoned_huge_page(hpage) === 0 ? MF_RECOVERED : MF_DELAYED
}

/**
 * Anonymous memory is done with when it is off the LRU. From a file the page goes, as if a hole were punched, written
 * to or not (me_pagecache_dirty says so to fsync, which tmpfs does not ask). Caller holds the page lock.
 */
export function me_pagecache_clean(p: Page): number {
  k.delete_from_lru_cache(p)
  if (PageAnon(p)) return MF_RECOVERED
  const mapping = page_mapping(p)
  if (mapping === NULL) return MF_FAILED
  // generic_error_remove_page
  k.truncate_inode_page(mapping, p)
  return MF_RECOVERED
}

/**
 * In the swap cache, and not written since: off the LRU, and out of the cache, whose slot has it all. Whoever swaps it
 * in reads it there.
 */
export function me_swapcache_clean(p: Page): number {
  k.delete_from_swap_cache(p)
  return k.delete_from_lru_cache(p) ? MF_RECOVERED : MF_FAILED
}

/**
 * In the swap cache, and nowhere else: it stays there, so that who swaps it in finds that it is lost, tmpfs by
 * PG_uptodate.
 */
export function me_swapcache_dirty(p: Page): number {
  ClearPageDirty(p)
  ClearPageUptodate(p)
  return k.delete_from_lru_cache(p) ? MF_DELAYED : MF_FAILED
}

/** The first whose bits are set says what is done; the last stands for any. */
const error_states: readonly (readonly [mask: number, action: (p: Page) => number])[] = [
  [PG_reserved, () => k.me_kernel()],
  [PG_head, p => k.me_huge_page(p)],
  [PG_swapcache | PG_dirty, p => k.me_swapcache_dirty(p)],
  [PG_swapcache, p => k.me_swapcache_clean(p)],
  [PG_mlocked, p => k.me_pagecache_clean(p)],
  [PG_unevictable, p => k.me_pagecache_clean(p)],
  [PG_lru, p => k.me_pagecache_clean(p)],
]

const actionOf = (flags: number): ((p: Page) => number) | undefined =>
  error_states.find(([mask]) => (flags & mask) === mask)?.[1]

/**
 * Does what is to be done by the flags as they are or, where these say nothing, as they were. 0, or -EBUSY: that did
 * not help, or somebody still holds the page. Caller holds the page lock.
 */
export function identify_page_state(p: Page, page_flags: number): number {
  const action = actionOf(READ_ONCE(p + page.flags)) ?? actionOf(page_flags) ?? (() => k.me_unknown())
  return k.page_action(action, p)
}

export function page_action(action: (p: Page) => number, p: Page): number {
  const result = action(p)
  if (k.hasExtraRefcount(p, result)) return -EBUSY
  return result === MF_RECOVERED || result === MF_DELAYED ? 0 : -EBUSY
}

/** Whether anybody has a reference but us, and the swap cache where it keeps the page. */
export const hasExtraRefcount = (p: Page, result: number): boolean =>
  page_count(p) - 1 > (PageSwapCache(p) && result === MF_DELAYED ? 1 : 0)
