// How large a pool is (mm/hugetlb.c, v4.5): what the administrator wants, and what is had beyond that while it is
// needed, up to nr_overcommit_hugepages. Gigantic pages are never had beyond.

import { k } from '../kernel.ts'
import { cond_resched_lock, spin_lock, spin_unlock } from '../ops.ts'
import { rd, wr } from '../store.ts'
import { ENOMEM } from './errno.ts'
import { hstate, hstate_is_gigantic, hugetlb_lock } from './hugetlb_hstate.ts'
import { add, addResv, hstate_next_node, resv_huge_pages } from './hugetlb_pool.ts'
import { type Hstate, NULL, type Page } from './mm_types.ts'
import { N_MEMORY, NUMA_NO_NODE, nodes_weight, page_to_nid } from './mmzone.ts'
import { page_count, put_page, put_page_testzero, VM_BUG_ON_PAGE } from './page-flags.ts'

/** A page beyond the pool's size, with a reference, or NULL; of node `nid`, or of the nearest. Takes hugetlb_lock. */
export function __alloc_buddy_huge_page(h: Hstate, nid: number): Page {
  if (hstate_is_gigantic(h)) return NULL
  // Counted before it is there, so that two who come at once do not exceed what is allowed.
  spin_lock(hugetlb_lock)
  if (rd(h + hstate.surplus_huge_pages) >= rd(h + hstate.nr_overcommit_huge_pages)) {
    spin_unlock(hugetlb_lock)
    return NULL
  }
  add(h, hstate.nr_huge_pages, 1)
  add(h, hstate.surplus_huge_pages, 1)
  spin_unlock(hugetlb_lock)
  const p = k.__hugetlb_alloc_buddy_huge_page(h, nid)
  spin_lock(hugetlb_lock)
  if (p !== NULL) {
    const r_nid = page_to_nid(p)
    add(h, hstate.nr_huge_pages_node + r_nid, 1)
    add(h, hstate.surplus_huge_pages_node + r_nid, 1)
  } else {
    add(h, hstate.nr_huge_pages, -1)
    add(h, hstate.surplus_huge_pages, -1)
  }
  spin_unlock(hugetlb_lock)
  return p
}

/**
 * Makes the pool large enough for `delta` more reservations, and counts them; 0 or -ENOMEM. Called with hugetlb_lock,
 * which it drops.
 */
export function gather_surplus_pages(h: Hstate, delta: number): number {
  let needed = resv_huge_pages(h) + delta - rd(h + hstate.free_huge_pages)
  if (needed <= 0) {
    addResv(h, delta)
    return 0
  }
  const surplus_list: Page[] = []
  let alloc_ok = true
  do {
    spin_unlock(hugetlb_lock)
    for (let i = 0; i < needed && alloc_ok; i++) {
      const p = k.__alloc_buddy_huge_page(h, NUMA_NO_NODE)
      if (p === NULL) alloc_ok = false
      else surplus_list.unshift(p)
    }
    spin_lock(hugetlb_lock)
    // Others may have reserved or freed meanwhile.
    needed = resv_huge_pages(h) + delta - (rd(h + hstate.free_huge_pages) + surplus_list.length)
  } while (needed > 0 && alloc_ok)
  const enough = needed <= 0
  if (enough) {
    needed += surplus_list.length
    addResv(h, delta)
    for (; needed > 0; needed--) {
      const p = surplus_list.shift()!
      put_page_testzero(p)
      VM_BUG_ON_PAGE(page_count(p) !== 0, p, 'page_count(page)')
      k.enqueue_huge_page(h, p)
    }
  }
  spin_unlock(hugetlb_lock)
  for (const p of surplus_list) put_page(p)
  spin_lock(hugetlb_lock)
  return enough ? 0 : -ENOMEM
}

/**
 * Takes reservations back, and of the surplus that was had for them what is free, of all nodes in turn. Caller holds
 * hugetlb_lock, which is dropped after each page: by then nobody has reserved those that are still to go
 * (e5bbc8a6c992).
 */
export function return_unused_surplus_pages(h: Hstate, unused_resv_pages: number): void {
  addResv(h, -unused_resv_pages)
  if (hstate_is_gigantic(h)) return
  for (let nr_pages = Math.min(unused_resv_pages, rd(h + hstate.surplus_huge_pages)); nr_pages > 0; nr_pages--) {
    if (!k.free_pool_huge_page(h, N_MEMORY(), true)) break
    cond_resched_lock(hugetlb_lock)
  }
}

/** `delta` more reservations, or fewer; 0 or -ENOMEM. Takes hugetlb_lock. */
export function hugetlb_acct_memory(h: Hstate, delta: number): number {
  let ret = 0
  spin_lock(hugetlb_lock)
  if (delta > 0) ret = k.gather_surplus_pages(h, delta)
  // cpuset_mems_nr: all nodes are allowed.
  if (delta > 0 && ret === 0 && delta > rd(h + hstate.free_huge_pages)) {
    k.return_unused_surplus_pages(h, delta)
    ret = -ENOMEM
  }
  if (delta < 0) k.return_unused_surplus_pages(h, -delta)
  spin_unlock(hugetlb_lock)
  return ret
}

// ---- nr_hugepages ---------------------------------------------------------------------------------------------------

export const persistent_huge_pages = (h: Hstate): number =>
  rd(h + hstate.nr_huge_pages) - rd(h + hstate.surplus_huge_pages)

/** One page more or less is surplus, on the next allowed node where that can be. Caller holds hugetlb_lock. */
export function adjust_pool_surplus(h: Hstate, nodes_allowed: number, delta: number): boolean {
  for (let nr_nodes = nodes_weight(nodes_allowed); nr_nodes > 0; nr_nodes--) {
    const nid = hstate_next_node(h, delta < 0 ? hstate.next_nid_to_alloc : hstate.next_nid_to_free, nodes_allowed)
    const surplus = rd(h + hstate.surplus_huge_pages_node + nid)
    if (delta < 0 ? surplus === 0 : surplus >= rd(h + hstate.nr_huge_pages_node + nid)) continue
    add(h, hstate.surplus_huge_pages, delta)
    add(h, hstate.surplus_huge_pages_node + nid, delta)
    return true
  }
  return false
}

/**
 * Writes nr_hugepages, of all nodes or of one. Returns how many persistent pages there are then, or it has. Takes
 * hugetlb_lock.
 */
export function __nr_hugepages_store_common(h: Hstate, nid: number, count: number): number {
  if (nid === NUMA_NO_NODE) return k.set_max_huge_pages(h, count, N_MEMORY())
  // The size that all have together, by changes of this one only; surplus pages of others count as theirs.
  spin_lock(hugetlb_lock)
  const others = rd(h + hstate.nr_huge_pages) - rd(h + hstate.nr_huge_pages_node + nid)
  spin_unlock(hugetlb_lock)
  k.set_max_huge_pages(h, count + others, 1 << nid)
  spin_lock(hugetlb_lock)
  const ret = rd(h + hstate.nr_huge_pages_node + nid) - rd(h + hstate.surplus_huge_pages_node + nid)
  spin_unlock(hugetlb_lock)
  return ret
}

/**
 * Makes the pool so large, by pages of the allowed nodes: pages in use that are too many become surplus. Returns how
 * many persistent pages there are then. Takes hugetlb_lock, and drops it for each page that it adds.
 */
export function set_max_huge_pages(h: Hstate, count: number, nodes_allowed: number): number {
  spin_lock(hugetlb_lock)
  while (rd(h + hstate.surplus_huge_pages) !== 0 && count > persistent_huge_pages(h)) {
    if (!k.adjust_pool_surplus(h, nodes_allowed, -1)) break
  }
  let grown = true
  while (grown && count > persistent_huge_pages(h)) {
    spin_unlock(hugetlb_lock)
    grown = k.alloc_fresh_huge_page(h, nodes_allowed)
    spin_lock(hugetlb_lock)
  }
  if (grown) k.shrinkPool(h, count, nodes_allowed)
  const ret = persistent_huge_pages(h)
  wr(h + hstate.max_huge_pages, ret)
  spin_unlock(hugetlb_lock)
  return ret
}

/**
 * How many pages the pool keeps, if it may have `count`: those that are in use or reserved. Caller holds hugetlb_lock.
 */
export function keptPages(h: Hstate, count: number): number {
  const in_use = rd(h + hstate.nr_huge_pages) - rd(h + hstate.free_huge_pages)
  return Math.max(count, resv_huge_pages(h) + in_use)
}

/**
 * Free pages go that nobody has reserved; then pages in use become surplus. Caller holds hugetlb_lock, which is dropped
 * after each page: what is reserved meanwhile is not asked again (10c6ec49802b).
 */
export function shrinkPool(h: Hstate, count: number, nodes_allowed: number): void {
  const min_count = keptPages(h, count)
  while (min_count < persistent_huge_pages(h)) {
    if (!k.free_pool_huge_page(h, nodes_allowed, false)) break
    cond_resched_lock(hugetlb_lock)
  }
  pagesInUseToSurplus(h, count, nodes_allowed)
}

export function pagesInUseToSurplus(h: Hstate, count: number, nodes_allowed: number): void {
  while (count < persistent_huge_pages(h)) {
    if (!k.adjust_pool_surplus(h, nodes_allowed, 1)) break
  }
}

/** Writes nr_overcommit_hugepages; sysfs refuses it for gigantic pages. */
export function nr_overcommit_hugepages_store(h: Hstate, count: number): boolean {
  if (hstate_is_gigantic(h)) return false
  spin_lock(hugetlb_lock)
  wr(h + hstate.nr_overcommit_huge_pages, count)
  spin_unlock(hugetlb_lock)
  return true
}
