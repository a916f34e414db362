// The page cache (mm/filemap.c, lib/radix-tree.c, v4.5): of hugetlbfs, where an index counts huge pages, and of tmpfs.
//
// What the kernel keeps as a radix tree is a list of nodes, each with the slots of 64 indexes. It changes under
// tree_lock; who looks does so under RCU, and gets a reference only of a page that is still there.

import { BUG_ON, KernelBug } from '../bug.ts'
import { shmem_mapping } from '../fs/inode.ts'
import { READ_ONCE, spin_lock, spin_unlock, WRITE_ONCE } from '../ops.ts'
import { rcu_read_lock, rcu_read_unlock } from '../rcu.ts'
import { rd, S, wr } from '../store.ts'
import { EEXIST } from './errno.ts'
import { address_space } from './interval_tree.ts'
import { type AddressSpace, NULL, type Page, page } from './mm_types.ts'
import {
  get_page_unless_zero,
  lock_page,
  page_cache_get,
  page_cache_release,
  page_count,
  page_mapped,
  unlock_page,
} from './page-flags.ts'
import { type Cache, kmem_cache_create, kmem_cache_free, kmem_cache_zalloc } from './slab.ts'
import { mod_zone_page_state, NR_FILE_PAGES, NR_SHMEM } from './vmstat.ts'

const SLOTS = 64
const node = { next: 2, base: 3, slots: 8, SIZE: 8 + SLOTS } as const

export let radix_tree_node_cachep: Cache
export function filemap_init(): void {
  radix_tree_node_cachep = kmem_cache_create('radix_tree_node', node.SIZE)
}

/** The slot of an index, or NULL. Also without the lock. */
function lookup(mapping: AddressSpace, index: number): number {
  for (let n = READ_ONCE(mapping + address_space.page_tree); n !== 0; n = READ_ONCE(n + node.next)) {
    const i = index - rd(n + node.base)
    if (i >= 0 && i < SLOTS) return n + node.slots + i
  }
  return NULL
}

/**
 * What stands in a slot where tmpfs has swapped a page out: no page, but where in swap it is
 * (include/linux/radix-tree.h).
 */
export const radix_tree_exceptional_entry = (entry: Page): boolean => (entry & 2) !== 0

/** The page at `index` with one more reference, or an exceptional entry, or NULL. */
export const find_get_entry = (mapping: AddressSpace, index: number): Page =>
  getFromSlot(mapping, () => lookup(mapping, index))

/** What stands in a slot of an address_space, with one more reference of a page. */
export function getFromSlot(mapping: AddressSpace, slotOf: () => number): Page {
  rcu_read_lock()
  const slot = slotOf()
  let p = (slot === NULL ? NULL : READ_ONCE(slot)) as Page
  // One without references has left the cache, and one with a reference may have: the slot tells.
  for (let got = false; p !== NULL && !radix_tree_exceptional_entry(p) && !got; ) {
    got = get_page_unless_zero(p)
    if (!got) waitForFrozen(mapping, slot, p)
    const now = READ_ONCE(slot) as Page
    if (got && now !== p) {
      page_cache_release(p)
      got = false
    }
    p = now
  }
  rcu_read_unlock()
  return p
}

/**
 * A page that is there without a reference is frozen, under tree_lock. The kernel looks until it is not: for ever, if
 * it was freed while it stood there.
 */
function waitForFrozen(mapping: AddressSpace, slot: number, p: Page): void {
  spin_lock(mapping + address_space.tree_lock)
  const freed = READ_ONCE(slot) === p && page_count(p) === 0
  spin_unlock(mapping + address_space.tree_lock)
  if (freed) throw new KernelBug('stall', 'find_get_entry looks for ever at a page that was freed in the page cache')
}

/** As find_get_entry, where an exceptional entry is no page. */
export function find_get_page(mapping: AddressSpace, index: number): Page {
  const p = find_get_entry(mapping, index)
  return radix_tree_exceptional_entry(p) ? NULL : p
}

/** As find_get_entry, with the page lock. A page that was taken out of the cache meanwhile is none. */
export function find_lock_entry(mapping: AddressSpace, index: number): Page {
  let p = find_get_entry(mapping, index)
  while (p !== NULL && !radix_tree_exceptional_entry(p)) {
    lock_page(p)
    if (READ_ONCE(p + page.mapping) === mapping) return p
    unlock_page(p)
    page_cache_release(p)
    p = find_get_entry(mapping, index)
  }
  return p
}

/** As find_lock_entry, where an exceptional entry is no page. */
export function find_lock_page(mapping: AddressSpace, index: number): Page {
  const p = find_lock_entry(mapping, index)
  return radix_tree_exceptional_entry(p) ? NULL : p
}

/** The next entries from `start` on, before `end`, at most `nr`, with their indexes; a page has a reference. */
export function find_get_entries(mapping: AddressSpace, start: number, end: number, nr: number): Entry[] {
  const found: Entry[] = []
  const last = Math.min(end, endOf(mapping))
  for (let index = start; index < last && found.length < nr; index++) {
    const entry = find_get_entry(mapping, index)
    if (entry !== NULL) found.push({ index, entry })
  }
  return found
}

export interface Entry {
  readonly index: number
  readonly entry: Page
}

/** pagevec_lookup: the next pages from `start` on, before `end`, at most `nr`, each with a reference. */
export function find_get_pages(mapping: AddressSpace, start: number, end: number, nr: number): Page[] {
  const found = find_get_entries(mapping, start, end, nr)
  return found.map(({ entry }) => entry).filter(entry => !radix_tree_exceptional_entry(entry))
}

function endOf(mapping: AddressSpace): number {
  let end = 0
  for (let n = READ_ONCE(mapping + address_space.page_tree); n !== 0; n = READ_ONCE(n + node.next))
    end = Math.max(end, rd(n + node.base) + SLOTS)
  return end
}

/** A new page joins the cache, with a reference, and comes back locked; 0, or -EEXIST. */
export function add_to_page_cache(p: Page, mapping: AddressSpace, index: number): number {
  lock_page(p)
  page_cache_get(p)
  WRITE_ONCE(p + page.mapping, mapping)
  wr(p + page.index, index)
  if (replaceEntry(p, mapping, index, NULL)) return 0
  WRITE_ONCE(p + page.mapping, 0)
  page_cache_release(p)
  unlock_page(p)
  return -EEXIST
}

/**
 * radix_tree_insert, and shmem_radix_tree_replace: a page takes the place of what is `expected` there, which is nothing
 * (NULL) or an exceptional entry. False: something else stands there. Takes tree_lock.
 */
export function replaceEntry(p: Page, mapping: AddressSpace, index: number, expected: Page): boolean {
  // radix_tree_maybe_preload
  const fresh = lookup(mapping, index) === NULL ? newNode(index) : NULL
  spin_lock(mapping + address_space.tree_lock)
  let slot = lookup(mapping, index)
  const used = slot === NULL
  if (used) {
    wr(fresh + node.next, rd(mapping + address_space.page_tree))
    WRITE_ONCE(mapping + address_space.page_tree, fresh)
    slot = fresh + node.slots + (index % SLOTS)
  }
  const taken = rd(slot) !== expected
  if (!taken) {
    WRITE_ONCE(slot, p)
    wr(mapping + address_space.nrpages, rd(mapping + address_space.nrpages) + 1)
    account(mapping, 1)
  }
  spin_unlock(mapping + address_space.tree_lock)
  if (fresh !== NULL && !used) kmem_cache_free(radix_tree_node_cachep, fresh)
  return !taken
}

/** Huge pages of hugetlb are not counted as page cache. Caller holds tree_lock. */
function account(mapping: AddressSpace, pages: number): void {
  if (!shmem_mapping(mapping)) return
  mod_zone_page_state(NR_FILE_PAGES, pages)
  mod_zone_page_state(NR_SHMEM, pages)
}

function newNode(index: number): number {
  const n = kmem_cache_zalloc(radix_tree_node_cachep)
  wr(n + node.base, index - (index % SLOTS))
  return n
}

/** What the file has at an index. Caller is in an RCU section. */
export function radix_tree_lookup(mapping: AddressSpace, index: number): Page {
  const slot = lookup(mapping, index)
  return (slot === NULL ? NULL : READ_ONCE(slot)) as Page
}

/** Takes an exceptional entry out; false: it is not there. Takes tree_lock. */
export function radix_tree_delete_item(mapping: AddressSpace, index: number, entry: Page): boolean {
  spin_lock(mapping + address_space.tree_lock)
  const slot = lookup(mapping, index)
  const there = rd(slot) === entry
  if (there) WRITE_ONCE(slot, 0)
  spin_unlock(mapping + address_space.tree_lock)
  return there
}

/** lib/radix-tree.c radix_tree_locate_item, for swapoff: the index of an exceptional entry, or -1. */
export function find_swap_entry(mapping: AddressSpace, entry: Page): number {
  let index = -1
  rcu_read_lock()
  for (let n = READ_ONCE(mapping + address_space.page_tree); n !== 0 && index < 0; n = READ_ONCE(n + node.next)) {
    for (let i = 0; i < SLOTS; i++) if (READ_ONCE(n + node.slots + i) === entry) index = rd(n + node.base) + i
  }
  rcu_read_unlock()
  return index
}

/** An exceptional entry takes a page's place; the caller has the cache's reference then. Caller holds the page lock. */
export function replaceByEntry(mapping: AddressSpace, p: Page, entry: Page): void {
  spin_lock(mapping + address_space.tree_lock)
  removeLocked(mapping, p, entry)
  spin_unlock(mapping + address_space.tree_lock)
}

function removeLocked(mapping: AddressSpace, p: Page, instead: Page): void {
  WRITE_ONCE(lookup(mapping, rd(p + page.index)), instead)
  WRITE_ONCE(p + page.mapping, 0)
  wr(mapping + address_space.nrpages, rd(mapping + address_space.nrpages) - 1)
  account(mapping, -1)
}

/** Where a page stands in its file (radix_tree_lookup_slot). Caller holds tree_lock and the page lock. */
export const page_slot = (mapping: AddressSpace, p: Page): number => lookup(mapping, rd(p + page.index))

/** Takes a page out, with the cache's reference. Caller holds the page lock. */
export function delete_from_page_cache(p: Page): void {
  const mapping = rd(p + page.mapping) as AddressSpace
  spin_lock(mapping + address_space.tree_lock)
  __delete_from_page_cache(p)
  spin_unlock(mapping + address_space.tree_lock)
  page_cache_release(p)
}

/** As delete_from_page_cache; the caller has the cache's reference then. Caller holds tree_lock. */
export function __delete_from_page_cache(p: Page): void {
  removeLocked(rd(p + page.mapping) as AddressSpace, p, NULL)
  BUG_ON(page_mapped(p), 'page_mapped(page)')
}

/** The file goes, nobody looks any more: an empty node is kept that long. */
export function freePageTree(mapping: AddressSpace): void {
  for (let n = rd(mapping + address_space.page_tree), next = 0; n !== 0; n = next) {
    next = rd(n + node.next)
    kmem_cache_free(radix_tree_node_cachep, n)
  }
}

/** The pages of a file and, of tmpfs, its exceptional entries, by index; for truth.ts. */
export function* cachedPages(mapping: AddressSpace): Generator<readonly [index: number, p: Page]> {
  for (let n = S[mapping + address_space.page_tree]!; n !== 0; n = S[n + node.next]!) {
    for (let i = 0; i < SLOTS; i++) {
      const p = S[n + node.slots + i]! as Page
      if (p !== 0) yield [S[n + node.base]! + i, p]
    }
  }
}
