// The swap area and what counts in it (mm/swapfile.c, v4.5): for each slot how many entries of page tables name it, and
// whether a page of the swap cache stands for it. A slot without either is free.
//
// There is one area, so that an entry is the number of its slot; slot 0 is the area's header. All of it lies under the
// area's lock, but that swapoff looks at the counts without it. A count has a cell of its own and never overflows into
// a continuation page.

import { KernelBug } from '../bug.ts'
import { PAGE_SIZE } from '../contents.ts'
import { k } from '../kernel.ts'
import { atomic_dec, atomic_inc, atomic_read, spin_lock, spin_unlock, WRITE_ONCE, wake_up } from '../ops.ts'
import { rd, S, sbrk, wr } from '../store.ts'
import { EEXIST, EINVAL, ENOENT } from './errno.ts'
import type { Page, Swp } from './mm_types.ts'
import { page_swap_entry } from './page-flags.ts'

/** Cells of the area (struct swap_info_struct) and of the swap cache; 0 where the machine has no area. */
export const swap_info = {
  lock: 0,
  /** SWP_USED and SWP_WRITEOK. */
  flags: 0,
  /** No slot below is free. */
  lowest_bit: 0,
  /** Where the next slot is looked for, and how many more of that cluster. */
  cluster_next: 0,
  cluster_nr: 0,
  /** How many slots are in use. */
  inuse_pages: 0,
  /** A cell for each slot. */
  swap_map: 0,
  /** What stands in each slot of the device. */
  contents: 0,
  /** Changes when the slot's page joins the cache, and when the slot has no page there any more. */
  queues: 0,
  /** Slots, with the header. */
  max: 0,
  nr_swap_pages: 0,
  total_swap_pages: 0,
}

export const SWP_USED = 1
export const SWP_WRITEOK = 2

/** A page of the swap cache stands for the slot. */
export const SWAP_HAS_CACHE = 1 << 30
/** The entry is that of a file of tmpfs, not of a page table. It is never copied, so one bit counts it. */
export const SWAP_MAP_SHMEM = 1 << 29
export const swap_count = (ent: number): number => ent & ~SWAP_HAS_CACHE

/** Lays out an area of so many bytes, its header included; it is off. */
export function init_swapfile(bytes: number): void {
  const cells = sbrk(8)
  swap_info.lock = cells
  swap_info.flags = cells + 1
  swap_info.lowest_bit = cells + 2
  swap_info.inuse_pages = cells + 3
  swap_info.nr_swap_pages = cells + 4
  swap_info.total_swap_pages = cells + 5
  swap_info.cluster_next = cells + 6
  swap_info.cluster_nr = cells + 7
  swap_info.max = bytes / PAGE_SIZE
  swap_info.swap_map = sbrk(swap_info.max)
  swap_info.contents = sbrk(swap_info.max)
  swap_info.queues = sbrk(swap_info.max)
}

/** Free slots; for observers. */
export const get_nr_swap_pages = (): number => S[swap_info.nr_swap_pages]!
export const total_swap_pages = (): number => S[swap_info.total_swap_pages]!

/** include/linux/swap.h: swap is more than half full. */
export const vm_swap_full = (): boolean =>
  atomic_read(swap_info.nr_swap_pages) * 2 < atomic_read(swap_info.total_swap_pages)

const mapOf = (entry: Swp): number => swap_info.swap_map + entry

/** Takes the area's lock. A slot that nobody uses, which the kernel complains of, is a freed one. */
function swap_info_get(entry: Swp): void {
  spin_lock(swap_info.lock)
  if (entry < swap_info.max && rd(mapOf(entry)) !== 0) return
  throw new KernelBug('use-after-free', `swap_free: Unused swap offset entry ${entry}`)
}

/** A slot for a page that is about to join the swap cache; 0: swap is full, or there is none. */
export function get_swap_page(): Swp {
  if (atomic_read(swap_info.nr_swap_pages) <= 0) return 0 as Swp
  atomic_dec(swap_info.nr_swap_pages)
  spin_lock(swap_info.lock)
  const offset = k.scan_swap_map()
  spin_unlock(swap_info.lock)
  if (offset === 0) atomic_inc(swap_info.nr_swap_pages)
  return offset as Swp
}

/** Slots in a row that are given out one after the other, so that a disk need not seek. */
export const SWAPFILE_CLUSTER = 256

/**
 * A free slot, from now on that of a page of the cache; 0: there is none, or the area is going off. The search goes on
 * behind the last one, of a disk that seeks; for others (SWP_SOLIDSTATE) each CPU has a cluster of its own. Caller
 * holds the area's lock; it may be dropped and taken again.
 */
export function scan_swap_map(): number {
  const left = rd(swap_info.cluster_nr)
  if (left === 0) wr(swap_info.cluster_next, emptyCluster())
  wr(swap_info.cluster_nr, left === 0 ? SWAPFILE_CLUSTER - 1 : left - 1)
  const next = rd(swap_info.cluster_next)
  const scan_base = next < swap_info.max ? next : rd(swap_info.lowest_bit)
  for (let offset = scan_base; offset < swap_info.max; offset++) if (takeSlot(offset)) return offset
  for (let offset = rd(swap_info.lowest_bit); offset < scan_base; offset++) if (takeSlot(offset)) return offset
  return 0
}

/**
 * Where the first cluster begins of which no slot is used, or where we are. The kernel drops the lock while it looks;
 * what it has found is looked at again all the same. Caller holds the area's lock.
 */
function emptyCluster(): number {
  const here = rd(swap_info.cluster_next)
  if (swap_info.max - 1 - rd(swap_info.inuse_pages) < SWAPFILE_CLUSTER) return here
  const lowest = rd(swap_info.lowest_bit)
  for (let offset = lowest, first = lowest; offset < swap_info.max; offset++) {
    if (rd(swap_info.swap_map + offset) !== 0) first = offset + 1
    else if (offset - first === SWAPFILE_CLUSTER - 1) return first
  }
  return lowest
}

/**
 * Where swap is more than half full, a slot that only a page of the cache stands for is as good as free. Caller holds
 * the area's lock; it may be dropped and taken again.
 */
function takeSlot(offset: number): boolean {
  if (rd(swap_info.swap_map + offset) === SWAP_HAS_CACHE && vm_swap_full()) {
    spin_unlock(swap_info.lock)
    k.__try_to_reclaim_swap(offset as Swp)
    spin_lock(swap_info.lock)
  }
  if (!(rd(swap_info.flags) & SWP_WRITEOK) || rd(swap_info.swap_map + offset) !== 0) return false
  if (offset === rd(swap_info.lowest_bit)) wr(swap_info.lowest_bit, offset + 1)
  wr(swap_info.inuse_pages, rd(swap_info.inuse_pages) + 1)
  WRITE_ONCE(swap_info.swap_map + offset, SWAP_HAS_CACHE)
  wr(swap_info.cluster_next, offset + 1)
  return true
}

/** One user less: an entry (1), or the cache. Returns who is left. Caller holds the area's lock. */
function swap_entry_free(entry: Swp, usage: number): number {
  const used = rd(mapOf(entry))
  const left = used - (usage === 1 && used & SWAP_MAP_SHMEM ? SWAP_MAP_SHMEM : usage)
  WRITE_ONCE(mapOf(entry), left)
  if (left !== 0) return left
  if (entry < rd(swap_info.lowest_bit)) wr(swap_info.lowest_bit, entry)
  atomic_inc(swap_info.nr_swap_pages)
  wr(swap_info.inuse_pages, rd(swap_info.inuse_pages) - 1)
  return left
}

/** An entry of a page table is gone. */
export function swap_free(entry: Swp): void {
  swap_info_get(entry)
  swap_entry_free(entry, 1)
  spin_unlock(swap_info.lock)
}

/** The first half of free_swap_and_cache: as swap_free, and who is left. Returns with the area's lock held. */
export function swapFreeLocked(entry: Swp): number {
  swap_info_get(entry)
  return swap_entry_free(entry, 1)
}

/** The slot's page has left the cache. */
export function swapcache_free(entry: Swp): void {
  swap_info_get(entry)
  swap_entry_free(entry, SWAP_HAS_CACHE)
  spin_unlock(swap_info.lock)
  wake_up(swap_info.queues + entry)
}

/** One more entry (1), or the cache: 0; -ENOENT: nobody uses the slot any more; -EEXIST: the cache does already. */
function __swap_duplicate(entry: Swp, usage: number): number {
  if (entry <= 0 || entry >= swap_info.max) return -EINVAL
  spin_lock(swap_info.lock)
  const used = rd(mapOf(entry))
  let err = 0
  if (used === 0) err = -ENOENT
  else if (usage === SWAP_HAS_CACHE && used & SWAP_HAS_CACHE) err = -EEXIST
  else WRITE_ONCE(mapOf(entry), used + usage)
  spin_unlock(swap_info.lock)
  return err
}

/** An entry of a page table more. 0, or -ENOENT. */
export const swap_duplicate = (entry: Swp): number => __swap_duplicate(entry, 1)

/** A file of tmpfs keeps the slot of its page. */
export const swap_shmem_alloc = (entry: Swp): number => __swap_duplicate(entry, SWAP_MAP_SHMEM)

/** A page is about to join the cache for a slot that is in use. 0, -EEXIST or -ENOENT. */
export const swapcache_prepare = (entry: Swp): number => __swap_duplicate(entry, SWAP_HAS_CACHE)

/** How many entries name the slot of a page in the swap cache. Caller holds the page lock. */
export function page_swapcount(p: Page): number {
  const entry = page_swap_entry(p)
  swap_info_get(entry)
  const count = swap_count(rd(mapOf(entry)))
  spin_unlock(swap_info.lock)
  return count
}
