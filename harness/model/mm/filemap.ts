// The page cache (mm/filemap.c, lib/radix-tree.c, v4.5), of huge pages only: an index counts huge pages.
//
// What the kernel keeps as a radix tree is a list of nodes, each with the slots of 64 indexes. It changes under
// tree_lock; who looks does so under RCU, and gets a reference only of a page that is still there.

import { BUG_ON } from '../bug.ts'
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
  page_mapped,
  unlock_page,
} from './page-flags.ts'
import { type Cache, kmem_cache_create, kmem_cache_free, kmem_cache_zalloc } from './slab.ts'

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

/** The page at `index` with one more reference, or NULL. */
export function find_get_page(mapping: AddressSpace, index: number): Page {
  rcu_read_lock()
  const slot = lookup(mapping, index)
  let p = (slot === NULL ? NULL : READ_ONCE(slot)) as Page
  // One without references has left the cache, and one with a reference may have: the slot tells.
  for (let got = false; p !== NULL && !got; ) {
    got = get_page_unless_zero(p)
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

/** As find_get_page, with the page lock. A page that was taken out of the cache meanwhile is none. */
export function find_lock_page(mapping: AddressSpace, index: number): Page {
  let p = find_get_page(mapping, index)
  while (p !== NULL) {
    lock_page(p)
    if (READ_ONCE(p + page.mapping) === mapping) return p
    unlock_page(p)
    page_cache_release(p)
    p = find_get_page(mapping, index)
  }
  return p
}

/** pagevec_lookup: the next pages from `start` on, before `end`, at most `nr`, each with a reference. */
export function find_get_pages(mapping: AddressSpace, start: number, end: number, nr: number): Page[] {
  const pages: Page[] = []
  const last = Math.min(end, endOf(mapping))
  for (let index = start; index < last && pages.length < nr; index++) {
    const p = find_get_page(mapping, index)
    if (p !== NULL) pages.push(p)
  }
  return pages
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
  const fresh = lookup(mapping, index) === NULL ? newNode(index) : NULL
  spin_lock(mapping + address_space.tree_lock)
  let slot = lookup(mapping, index)
  const used = slot === NULL
  if (used) {
    wr(fresh + node.next, rd(mapping + address_space.page_tree))
    WRITE_ONCE(mapping + address_space.page_tree, fresh)
    slot = fresh + node.slots + (index % SLOTS)
  }
  const taken = rd(slot) !== 0
  if (!taken) {
    WRITE_ONCE(slot, p)
    wr(mapping + address_space.nrpages, rd(mapping + address_space.nrpages) + 1)
  }
  spin_unlock(mapping + address_space.tree_lock)
  if (fresh !== NULL && !used) kmem_cache_free(radix_tree_node_cachep, fresh)
  if (!taken) return 0
  WRITE_ONCE(p + page.mapping, 0)
  page_cache_release(p)
  unlock_page(p)
  return -EEXIST
}

function newNode(index: number): number {
  const n = kmem_cache_zalloc(radix_tree_node_cachep)
  wr(n + node.base, index - (index % SLOTS))
  return n
}

/** Takes a page out, with the cache's reference. Caller holds the page lock. */
export function delete_from_page_cache(p: Page): void {
  const mapping = rd(p + page.mapping) as AddressSpace
  spin_lock(mapping + address_space.tree_lock)
  WRITE_ONCE(lookup(mapping, rd(p + page.index)), 0)
  WRITE_ONCE(p + page.mapping, 0)
  wr(mapping + address_space.nrpages, rd(mapping + address_space.nrpages) - 1)
  BUG_ON(page_mapped(p), 'page_mapped(page)')
  spin_unlock(mapping + address_space.tree_lock)
  page_cache_release(p)
}

/** The file goes, nobody looks any more: an empty node is kept that long. */
export function freePageTree(mapping: AddressSpace): void {
  for (let n = rd(mapping + address_space.page_tree), next = 0; n !== 0; n = next) {
    next = rd(n + node.next)
    kmem_cache_free(radix_tree_node_cachep, n)
  }
}

/** The pages of a file, by index; for truth.ts. */
export function* cachedPages(mapping: AddressSpace): Generator<readonly [index: number, p: Page]> {
  for (let n = S[mapping + address_space.page_tree]!; n !== 0; n = S[n + node.next]!) {
    for (let i = 0; i < SLOTS; i++) {
      const p = S[n + node.slots + i]! as Page
      if (p !== 0) yield [S[n + node.base]! + i, p]
    }
  }
}
