// The sizes of huge pages that hugetlb knows, each with a pool (include/linux/hugetlb.h, mm/hugetlb.c, v4.5). A pool's
// counts stand under hugetlb_lock, one for all. Sizes and addresses count base pages.

import type { HugePool, Machine } from '../../engine.ts'
import { CannotJudge } from '../bug.ts'
import { PAGE_SIZE } from '../contents.ts'
import { inode } from '../fs/inode.ts'
import { k } from '../kernel.ts'
import { rd, rdm, S, sbrk, wr } from '../store.ts'
import { HPAGE_PMD_ORDER } from './init.ts'
import { INIT_LIST_HEAD } from './list.ts'
import { type Hstate, type Inode, NULL, type Page, VM_HUGETLB, type Vma, vm_area } from './mm_types.ts'
import { MAX_NUMNODES, nr_online_nodes } from './mmzone.ts'
import { compound_order } from './page-flags.ts'
import { pudOrder } from './pgtable.ts'

export const hstate = {
  order: 0,
  next_nid_to_alloc: 1,
  next_nid_to_free: 2,
  /** Under hugetlb_lock, as all that follows. */
  nr_huge_pages: 3,
  free_huge_pages: 4,
  /** Also written without it: see alloc_huge_page. */
  resv_huge_pages: 5,
  surplus_huge_pages: 6,
  nr_overcommit_huge_pages: 7,
  max_huge_pages: 8,
  hugepage_activelist: 10,
  hugepage_freelists: 12,
  nr_huge_pages_node: 12 + 2 * MAX_NUMNODES,
  free_huge_pages_node: 12 + 3 * MAX_NUMNODES,
  surplus_huge_pages_node: 12 + 4 * MAX_NUMNODES,
  SIZE: 12 + 5 * MAX_NUMNODES,
} as const

/** Every size, the smallest first. */
export let hstates: readonly Hstate[] = []
/** The one that /proc/meminfo shows: what a PMD maps. */
export let default_hstate = NULL as Hstate
export let hugetlb_lock = 0

export const huge_page_order = (h: Hstate): number => rd(h + hstate.order)
export const pages_per_huge_page = (h: Hstate): number => 1 << rd(h + hstate.order)
/** Rounds an address down to a huge page: `& huge_page_mask(h)`. */
export const huge_page_mask = (h: Hstate): number => -pages_per_huge_page(h)
/** Beyond what the page allocator hands out in one piece (MAX_ORDER): made of contiguous frames. */
export const hstate_is_gigantic = (h: Hstate): boolean => rd(h + hstate.order) > HPAGE_PMD_ORDER

export const hstate_inode = (i: Inode): Hstate => rd(i + inode.hstate) as Hstate
export const is_vm_hugetlb_page = (vma: Vma): boolean => rdm(vma + vm_area.vm_flags, VM_HUGETLB) !== 0
export const hstate_vma = (vma: Vma): Hstate => hstate_inode(rd(vma + vm_area.vm_file) as Inode)

/** The hstate of huge pages of `order`; NULL: there is none. */
export function order_to_hstate(order: number): Hstate {
  return hstates.find(h => S[h + hstate.order] === order) ?? NULL
}
export const size_to_hstate = (bytes: number): Hstate => order_to_hstate(Math.log2(bytes / PAGE_SIZE))
export const page_hstate = (head: Page): Hstate => order_to_hstate(compound_order(head))

/** Of the smallest and the largest huge page: tails keep what is said of the whole, and memory ends somewhere. */
const MIN_ORDER = 2
const MAX_ORDER = 23

/**
 * Boots the pools that the machine wants, the gigantic ones first, as they come from memory that nobody has used yet.
 * Beside the sizes of x86, those that the machine names. Throws CannotJudge where memory does not suffice.
 */
export function hugetlb_init({ pools, hugepage }: Pick<Machine, 'pools' | 'hugepage'>): void {
  const orders = new Set([HPAGE_PMD_ORDER, pudOrder()])
  for (const size of [hugepage, ...pools.map(pool => pool.size)]) {
    const order = Math.log2(size / PAGE_SIZE)
    if (!Number.isInteger(order) || order < MIN_ORDER || order > MAX_ORDER)
      throw new CannotJudge(`the model has no huge pages of ${size / 1024} kB`)
    orders.add(order)
  }
  hugetlb_lock = sbrk(1)
  hstates = [...orders].sort((a, b) => a - b).map(hugetlb_add_hstate)
  default_hstate = order_to_hstate(HPAGE_PMD_ORDER)
  for (const pool of [...pools].sort((a, b) => b.size - a.size)) fillPool(pool)
}

/** A pool at boot: each node has its share. */
function fillPool({ size, pages, overcommit, nodes }: HugePool): void {
  const h = size_to_hstate(size)
  wr(h + hstate.nr_overcommit_huge_pages, overcommit)
  for (let nid = nr_online_nodes - 1; nid >= 0; nid--) {
    const share = nodes?.[nid] ?? Math.floor((pages + nr_online_nodes - 1 - nid) / nr_online_nodes)
    if (k.__nr_hugepages_store_common(h, nid, share) < share)
      throw new CannotJudge(`the machine's memory has no room for ${pages} huge pages of ${size / 1024} kB`)
  }
}

function hugetlb_add_hstate(order: number): Hstate {
  const h = sbrk(hstate.SIZE) as Hstate
  wr(h + hstate.order, order)
  INIT_LIST_HEAD(h + hstate.hugepage_activelist)
  for (let nid = 0; nid < MAX_NUMNODES; nid++) INIT_LIST_HEAD(h + hstate.hugepage_freelists + 2 * nid)
  return h
}

/** What sysfs shows of a pool; for observers. */
export interface Pool {
  readonly nr: number
  readonly free: number
  readonly resv: number
  readonly surplus: number
}

export function readPool(h: Hstate): Pool {
  return {
    nr: S[h + hstate.nr_huge_pages]!,
    free: S[h + hstate.free_huge_pages]!,
    resv: S[h + hstate.resv_huge_pages]!,
    surplus: S[h + hstate.surplus_huge_pages]!,
  }
}

/** Likewise of one node: who has reserved pages has not said of which. */
export function readNodePool(h: Hstate, nid: number): Omit<Pool, 'resv'> {
  return {
    nr: S[h + hstate.nr_huge_pages_node + nid]!,
    free: S[h + hstate.free_huge_pages_node + nid]!,
    surplus: S[h + hstate.surplus_huge_pages_node + nid]!,
  }
}
