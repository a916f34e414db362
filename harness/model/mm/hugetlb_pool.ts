// Huge pages of hugetlb and the pools that they lie in (mm/hugetlb.c, v4.5): on a free list of their node, or, in use,
// on the active list.

import { k } from '../kernel.ts'
import { atomic_set, clear_bit, READ_ONCE, set_bit, spin_lock, spin_unlock, test_bit, WRITE_ONCE } from '../ops.ts'
import { rd, wr, wrRepeat } from '../store.ts'
import { hstate, huge_page_order, hugetlb_lock, page_hstate, pages_per_huge_page } from './hugetlb_hstate.ts'
import { INIT_LIST_HEAD, list_del, list_empty, list_move } from './list.ts'
import { type Hstate, NULL, type Page, page, type Subpool, TAIL_MAPPING, tail } from './mm_types.ts'
import { NUMA_NO_NODE, nodes_weight, nr_online_nodes, page_to_nid } from './mmzone.ts'
import { __free_pages, alloc_pages, alloc_pages_node } from './page_alloc.ts'
import {
  _count,
  ClearPagePrivate,
  clearHugetlbHead,
  PagePrivate,
  PageTail,
  PG_active,
  PG_dirty,
  PG_head,
  PG_locked,
  PG_private,
  page_count,
  page_mapcount,
  put_page,
  setHugetlbHead,
  subpage,
  VM_BUG_ON_PAGE,
} from './page-flags.ts'

/** `h->field += n`, of a count under hugetlb_lock. */
export const add = (h: Hstate, field: number, n: number): void => wr(h + field, rd(h + field) + n)
/** Reservations are also counted without hugetlb_lock (alloc_huge_page): an update may be lost. */
export const resv_huge_pages = (h: Hstate): number => READ_ONCE(h + hstate.resv_huge_pages)
export const addResv = (h: Hstate, n: number): void =>
  WRITE_ONCE(h + hstate.resv_huge_pages, READ_ONCE(h + hstate.resv_huge_pages) + n)

const lru = (p: Page): number => p + tail.hugetlb_lru
/** The page whose place on a list this is. */
export const pageAt = (entry: number): Page => (entry - tail.hugetlb_lru) as Page

export const page_private = (p: Page): Subpool => rd(p + tail.private) as Subpool
export const set_page_private = (p: Page, spool: Subpool): void => wr(p + tail.private, spool)
/** In use (page_huge_active): what migration may isolate. */
export const set_page_huge_active = (p: Page): void => set_bit(p + page.SIZE + page.flags, PG_private)
export const page_huge_active = (p: Page): boolean => test_bit(p + page.SIZE + page.flags, PG_private)
export const clear_page_huge_active = (p: Page): void => clear_bit(p + page.SIZE + page.flags, PG_private)

export function set_page_refcounted(p: Page): void {
  VM_BUG_ON_PAGE(PageTail(p), p, 'PageTail(page)')
  VM_BUG_ON_PAGE(page_count(p) !== 0, p, 'page_count(page)')
  atomic_set(_count(p), 1)
}

// ---- free lists: callers hold hugetlb_lock ----------------------------------------------------------------------

export function enqueue_huge_page(h: Hstate, p: Page): void {
  const nid = page_to_nid(p)
  list_move(lru(p), h + hstate.hugepage_freelists + 2 * nid)
  add(h, hstate.free_huge_pages, 1)
  add(h, hstate.free_huge_pages_node + nid, 1)
}

/** The page that was freed last, with a reference, or NULL. */
export function dequeue_huge_page_node(h: Hstate, nid: number): Page {
  const list = h + hstate.hugepage_freelists + 2 * nid
  if (list_empty(list)) return NULL
  const p = pageAt(rd(list))
  list_move(lru(p), h + hstate.hugepage_activelist)
  set_page_refcounted(p)
  add(h, hstate.free_huge_pages, -1)
  add(h, hstate.free_huge_pages_node + nid, -1)
  return p
}

/** From the active list, or what list it is on, to the active list. */
export const moveToActive = (h: Hstate, p: Page): void => list_move(lru(p), h + hstate.hugepage_activelist)
/** Off the active list, onto a list of somebody's own. */
export function takeOffActive(p: Page): void {
  clear_page_huge_active(p)
  list_move(lru(p), lru(p))
}
export const unlinkHuge = (p: Page): void => list_del(lru(p))

// ---- pages coming and going ---------------------------------------------------------------------------------------

/** The struct page of a tail of `p`, by its cells. */
export function tailStruct(p: Page, mapping: number): readonly number[] {
  const cells = new Array<number>(page.SIZE).fill(0)
  cells[page._mapcount] = -1
  cells[page.mapping] = mapping
  cells[page.compound_head] = p + 1
  return cells
}

/** Heads `1 << order` frames. */
export function prep_compound_huge_page(p: Page, order: number): void {
  wr(p + page.flags, PG_head)
  wrRepeat(subpage(p, 1), tailStruct(p, TAIL_MAPPING), (1 << order) - 1)
  wr(p + tail.compound_mapcount, -1)
  wr(p + tail.compound_order, order)
  setHugetlbHead(p)
  INIT_LIST_HEAD(lru(p))
  wr(p + tail.private, 0)
}

/** set_compound_page_dtor(page, NULL_COMPOUND_DTOR), and what prep_compound_huge_page wrote over fields of tails. */
export function destroyCompoundHugePage(p: Page): void {
  clearHugetlbHead(p)
  WRITE_ONCE(p + tail.compound_order, 0)
  wr(p + tail.hugetlb_lru, TAIL_MAPPING)
}

/**
 * A huge page of `h` from the page allocator, with a reference, or NULL: of node `nid` only, or of the nearest that has
 * one.
 */
export function __hugetlb_alloc_buddy_huge_page(h: Hstate, nid: number): Page {
  const order = huge_page_order(h)
  const p = nid === NUMA_NO_NODE ? alloc_pages(order) : alloc_pages_node(nid, order)
  if (p !== NULL) k.prep_compound_huge_page(p, order)
  return p
}

/** Counts a new page, and frees it into the pool. Takes hugetlb_lock. */
export function prep_new_huge_page(h: Hstate, p: Page, nid: number): void {
  spin_lock(hugetlb_lock)
  add(h, hstate.nr_huge_pages, 1)
  add(h, hstate.nr_huge_pages_node + nid, 1)
  spin_unlock(hugetlb_lock)
  put_page(p)
}

/** What users of a huge page may leave behind in any of its pages. */
const FLAGS_CLEARED = PG_locked | PG_dirty | PG_active | PG_private

/** Back to the page allocator. Caller holds hugetlb_lock; the page is on no list and has no reference. */
export function update_and_free_page(h: Hstate, p: Page): void {
  const order = huge_page_order(h)
  add(h, hstate.nr_huge_pages, -1)
  add(h, hstate.nr_huge_pages_node + page_to_nid(p), -1)
  for (let i = 0; i < pages_per_huge_page(h); i++) {
    const flags = rd(subpage(p, i) + page.flags)
    if (flags & FLAGS_CLEARED) wr(subpage(p, i) + page.flags, flags & ~FLAGS_CLEARED)
  }
  k.destroyCompoundHugePage(p)
  set_page_refcounted(p)
  __free_pages(p, order)
}

/** The destructor of a hugetlb page: back into the pool, or, while there is a surplus, to the page allocator. */
export function free_huge_page(p: Page): void {
  const h = page_hstate(p)
  const spool = page_private(p)
  set_page_private(p, NULL)
  WRITE_ONCE(p + page.mapping, 0)
  k.checkFreed(p)
  let restore_reserve = PagePrivate(p)
  ClearPagePrivate(p)
  // 0: the quota would have less than its minimum, so what was reserved for it is so again.
  if (k.hugepage_subpool_put_pages(spool, 1) === 0) restore_reserve = true
  spin_lock(hugetlb_lock)
  clear_page_huge_active(p)
  if (restore_reserve) addResv(h, 1)
  leavesUse(h, p)
  spin_unlock(hugetlb_lock)
}

/**
 * Whether all have let go of it. Asked with CONFIG_DEBUG_VM only, since 53f9263baba6 was mended for gigantic pages
 * (v4.5).
 */
export function checkFreed(p: Page): void {
  VM_BUG_ON_PAGE(page_count(p) !== 0, p, 'page_count(page)')
  VM_BUG_ON_PAGE(page_mapcount(p) !== 0, p, 'page_mapcount(page)')
}

/**
 * The end of free_huge_page: a page that is surplus goes to the page allocator, another to the free list. Caller holds
 * hugetlb_lock.
 */
export function leavesUse(h: Hstate, p: Page): void {
  const nid = page_to_nid(p)
  if (rd(h + hstate.surplus_huge_pages_node + nid) === 0) {
    k.enqueue_huge_page(h, p)
    return
  }
  unlinkHuge(p)
  k.update_and_free_page(h, p)
  add(h, hstate.surplus_huge_pages, -1)
  add(h, hstate.surplus_huge_pages_node + nid, -1)
}

// ---- nodes in turn ------------------------------------------------------------------------

/** The node of a mask that is `nid`, or comes next in turn. */
function get_valid_node_allowed(nid: number, nodes_allowed: number): number {
  while (!((nodes_allowed >> nid) & 1)) nid = (nid + 1) % nr_online_nodes
  return nid
}

/**
 * The node to allocate from or to free on next: `field` says which; the next call gives the one behind it. Also without
 * hugetlb_lock.
 */
export function hstate_next_node(h: Hstate, field: number, nodes_allowed: number): number {
  const nid = get_valid_node_allowed(READ_ONCE(h + field), nodes_allowed)
  WRITE_ONCE(h + field, get_valid_node_allowed((nid + 1) % nr_online_nodes, nodes_allowed))
  return nid
}

/** One more page for the pool, from the next allowed node that has memory; false: there is none. Takes hugetlb_lock. */
export function alloc_fresh_huge_page(h: Hstate, nodes_allowed: number): boolean {
  for (let nr_nodes = nodes_weight(nodes_allowed); nr_nodes > 0; nr_nodes--) {
    const nid = hstate_next_node(h, hstate.next_nid_to_alloc, nodes_allowed)
    const p = k.__hugetlb_alloc_buddy_huge_page(h, nid)
    if (p === NULL) continue
    k.prep_new_huge_page(h, p, nid)
    return true
  }
  return false
}

/**
 * Gives a free page of an allowed node back to the page allocator, a surplus one if `acct_surplus`. False: there is
 * none. Caller holds hugetlb_lock.
 */
export function free_pool_huge_page(h: Hstate, nodes_allowed: number, acct_surplus: boolean): boolean {
  for (let nr_nodes = nodes_weight(nodes_allowed); nr_nodes > 0; nr_nodes--) {
    const nid = hstate_next_node(h, hstate.next_nid_to_free, nodes_allowed)
    const list = h + hstate.hugepage_freelists + 2 * nid
    if ((acct_surplus && rd(h + hstate.surplus_huge_pages_node + nid) === 0) || list_empty(list)) continue
    const p = pageAt(rd(list))
    unlinkHuge(p)
    add(h, hstate.free_huge_pages, -1)
    add(h, hstate.free_huge_pages_node + nid, -1)
    if (acct_surplus) {
      add(h, hstate.surplus_huge_pages, -1)
      add(h, hstate.surplus_huge_pages_node + nid, -1)
    }
    k.update_and_free_page(h, p)
    return true
  }
  return false
}
