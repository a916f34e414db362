// A huge page for a fault (alloc_huge_page of mm/hugetlb.c, v4.5): by a reservation, else from what nobody has
// reserved, else beyond the pool's size.

import { k } from '../kernel.ts'
import { spin_lock, spin_unlock } from '../ops.ts'
import { rd } from '../store.ts'
import { ENOMEM, ENOSPC, ERR_PTR } from './errno.ts'
import { hstate, hstate_vma, hugetlb_lock } from './hugetlb_hstate.ts'
import { addResv, moveToActive, resv_huge_pages, set_page_private } from './hugetlb_pool.ts'
import { subpool_vma } from './hugetlb_subpool.ts'
import { type Hstate, NULL, type Page, type Vma } from './mm_types.ts'
import { NUMA_NO_NODE, nr_online_nodes, numa_node_id, zonelist } from './mmzone.ts'
import { SetPagePrivate } from './page-flags.ts'

/**
 * A free page of the pool, of the nearest node that has one, or NULL; `chg`: no reservation is there for it. Caller
 * holds hugetlb_lock.
 */
export function dequeue_huge_page_vma(h: Hstate, vma: Vma, avoid_reserve: boolean, chg: number): Page {
  const unreserved = rd(h + hstate.free_huge_pages) - resv_huge_pages(h)
  if (!k.vma_has_reserves(vma, chg) && unreserved === 0) return NULL
  if (avoid_reserve && unreserved === 0) return NULL
  for (let i = 0; i < nr_online_nodes; i++) {
    const p = k.dequeue_huge_page_node(h, zonelist(numa_node_id(), i))
    if (p === NULL) continue
    if (!avoid_reserve && k.vma_has_reserves(vma, chg)) {
      SetPagePrivate(p)
      addResv(h, -1)
    }
    return p
  }
  return NULL
}

/**
 * A huge page for `addr`, with a reference; -ENOMEM or -ENOSPC. `avoid_reserve`: not by a reservation. Takes
 * hugetlb_lock.
 */
export function alloc_huge_page(vma: Vma, addr: number, avoid_reserve: boolean): Page {
  const spool = subpool_vma(vma)
  const h = hstate_vma(vma)
  const map_chg = k.vma_needs_reservation(h, vma, addr)
  if (map_chg < 0) return ERR_PTR(-ENOMEM)
  let gbl_chg = map_chg
  if (map_chg !== 0 || avoid_reserve) {
    gbl_chg = k.hugepage_subpool_get_pages(spool, 1)
    if (gbl_chg < 0) {
      k.vma_end_reservation(h, vma, addr)
      return ERR_PTR(-ENOSPC)
    }
    if (avoid_reserve) gbl_chg = 1
  }
  spin_lock(hugetlb_lock)
  let p = k.dequeue_huge_page_vma(h, vma, avoid_reserve, gbl_chg)
  if (p === NULL) {
    spin_unlock(hugetlb_lock)
    p = k.__alloc_buddy_huge_page(h, NUMA_NO_NODE)
    if (p === NULL) {
      if (map_chg !== 0 || avoid_reserve) k.hugepage_subpool_put_pages(spool, 1)
      k.vma_end_reservation(h, vma, addr)
      return ERR_PTR(-ENOSPC)
    }
    if (!avoid_reserve && k.vma_has_reserves(vma, gbl_chg)) k.useReservation(h, p)
    spin_lock(hugetlb_lock)
    moveToActive(h, p)
  }
  spin_unlock(hugetlb_lock)
  set_page_private(p, spool)
  const map_commit = k.vma_commit_reservation(h, vma, addr)
  // hugetlb_reserve_pages was in between, and counted the same page.
  if (map_chg > map_commit) k.hugetlb_acct_memory(h, -k.hugepage_subpool_put_pages(spool, 1))
  return p
}

/** A surplus page is had by a reservation. It is counted without hugetlb_lock: an update may be lost. */
export function useReservation(h: Hstate, p: Page): void {
  SetPagePrivate(p)
  addResv(h, -1)
}
