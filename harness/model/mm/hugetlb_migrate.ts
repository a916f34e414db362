// Moving huge pages of hugetlb (the end of mm/hugetlb.c, mm/migrate.c and hugetlbfs_migrate_page of
// fs/hugetlbfs/inode.c, v4.5). They are on no LRU: who wants to move one takes it off the pool's active list, and what
// it moves to comes out of the pool.

import { k } from '../kernel.ts'
import { READ_ONCE, spin_lock, spin_unlock, WRITE_ONCE } from '../ops.ts'
import { rd, wr } from '../store.ts'
import { EAGAIN, EBUSY, ENOMEM, ENOSYS } from './errno.ts'
import { page_slot } from './filemap.ts'
import { hstate, huge_page_order, hugetlb_lock, page_hstate } from './hugetlb_hstate.ts'
import {
  moveToActive,
  page_huge_active,
  resv_huge_pages,
  set_page_huge_active,
  set_page_private,
  takeOffActive,
} from './hugetlb_pool.ts'
import { HPAGE_PMD_ORDER } from './init.ts'
import { address_space } from './interval_tree.ts'
import { type AddressSpace, type Hstate, NULL, type Page, page } from './mm_types.ts'
import {
  ClearPagePrivate,
  compound_order,
  get_page,
  get_page_unless_zero,
  lock_page,
  PageAnon,
  PageDirty,
  page_content,
  page_count,
  page_freeze_refs,
  page_mapped,
  page_unfreeze_refs,
  put_page,
  SetPageDirty,
  subpage,
  trylock_page,
  unlock_page,
} from './page-flags.ts'

/** Only what a PMD maps, and that on x86. */
export const hugepage_migration_supported = (h: Hstate): boolean => huge_page_order(h) === HPAGE_PMD_ORDER

// ---- taking huge pages for oneself ----------------------------------------------------------------------------------

/**
 * Takes a huge page that is in use off the active list, with a reference. False: it is free, or somebody else has it.
 * Takes hugetlb_lock.
 */
export function isolate_huge_page(p: Page): boolean {
  spin_lock(hugetlb_lock)
  const taken = page_huge_active(p) && get_page_unless_zero(p)
  if (taken) takeOffActive(p)
  spin_unlock(hugetlb_lock)
  return taken
}

/** Gives an isolated huge page back, with the reference. Takes hugetlb_lock. */
export function putback_active_hugepage(p: Page): void {
  spin_lock(hugetlb_lock)
  set_page_huge_active(p)
  moveToActive(page_hstate(p), p)
  spin_unlock(hugetlb_lock)
  put_page(p)
}

/**
 * A huge page of the node's pool that nobody has reserved, else one beyond the pool's size, with a reference; or NULL.
 * Takes hugetlb_lock.
 */
export function alloc_huge_page_node(h: Hstate, nid: number): Page {
  let p = NULL as Page
  spin_lock(hugetlb_lock)
  if (rd(h + hstate.free_huge_pages) - resv_huge_pages(h) > 0) p = k.dequeue_huge_page_node(h, nid)
  spin_unlock(hugetlb_lock)
  return p === NULL ? k.__alloc_buddy_huge_page(h, nid) : p
}

// ---- moving ---------------------------------------------------------------------------------------------------------

/**
 * The new page takes the place of the old one in the file. -EAGAIN: somebody else holds a reference. Caller holds the
 * lock of both pages.
 */
export function migrate_huge_page_move_mapping(mapping: AddressSpace, newpage: Page, p: Page): number {
  // One of the page cache, one of whoever has isolated it.
  const expected_count = 2
  spin_lock(mapping + address_space.tree_lock)
  const slot = page_slot(mapping, p)
  if (page_count(p) !== expected_count || READ_ONCE(slot) !== p || !page_freeze_refs(p, expected_count)) {
    spin_unlock(mapping + address_space.tree_lock)
    return -EAGAIN
  }
  wr(newpage + page.index, rd(p + page.index))
  WRITE_ONCE(newpage + page.mapping, mapping)
  get_page(newpage)
  WRITE_ONCE(slot, newpage)
  page_unfreeze_refs(p, expected_count - 1)
  spin_unlock(mapping + address_space.tree_lock)
  return 0
}

/** Of a page of a file. Caller holds the lock of both pages. */
export function hugetlbfs_migrate_page(mapping: AddressSpace, newpage: Page, p: Page): number {
  const rc = k.migrate_huge_page_move_mapping(mapping, newpage, p)
  if (rc === 0) copyHugetlbPage(newpage, p)
  return rc
}

/**
 * migrate_page_copy of a huge page: its flags are the pool's, but for the dirty one. The old page forgets its quota,
 * which neither of the two tells any more that a page goes (cb6acd01e2e4).
 */
export function copyHugetlbPage(newpage: Page, p: Page): void {
  const nr_pages = 1 << compound_order(p)
  // Nobody knows the new page yet.
  for (let i = 0; i < nr_pages; i++) wr(subpage(newpage, i) + page.content, page_content(subpage(p, i)))
  if (PageDirty(p)) SetPageDirty(newpage)
  ClearPagePrivate(p)
  set_page_private(p, NULL)
}

/** move_to_new_page of a huge page. Caller holds the lock of both pages; nobody maps the old one. */
export function moveHugePage(newpage: Page, p: Page): number {
  // One that the file has lost meanwhile has no mapping, as one that is nobody's file's: only the references tell.
  const mapping = PageAnon(p) ? 0 : READ_ONCE(p + page.mapping)
  if (mapping !== 0) {
    const rc = k.hugetlbfs_migrate_page(mapping as AddressSpace, newpage, p)
    if (rc === 0) WRITE_ONCE(p + page.mapping, 0)
    return rc
  }
  const rc = k.migrate_page_move_mapping(newpage, p)
  if (rc === 0) copyHugetlbPage(newpage, p)
  return rc
}

/**
 * Moves an isolated huge page to another of node `nid`. 0, -EAGAIN or -ENOMEM: it stays isolated; any other error is
 * final, and it has been put back. As in later passes of migrate_pages the lock is waited for.
 */
export function unmap_and_move_huge_page(hpage: Page, nid: number): number {
  const h = page_hstate(hpage)
  if (!k.hugepage_migration_supported(h)) {
    k.putback_active_hugepage(hpage)
    return -ENOSYS
  }
  const new_hpage = k.alloc_huge_page_node(h, nid)
  if (new_hpage === NULL) return -ENOMEM
  lock_page(hpage)
  const rc = k.moveLockedHugePage(hpage, new_hpage)
  unlock_page(hpage)
  if (rc !== -EAGAIN) k.putback_active_hugepage(hpage)
  k.putback_active_hugepage(new_hpage)
  return rc
}

/** The part of unmap_and_move_huge_page under the lock of the old page: 0, or -EAGAIN. */
export function moveLockedHugePage(hpage: Page, new_hpage: Page): number {
  let rc = -EAGAIN
  const av = PageAnon(hpage) ? k.page_get_anon_vma(hpage) : NULL
  if (trylock_page(new_hpage)) {
    const page_was_mapped = page_mapped(hpage)
    if (page_was_mapped) k.unmapHugePage(hpage)
    if (!page_mapped(hpage)) rc = moveHugePage(new_hpage, hpage)
    if (page_was_mapped) k.remapHugePage(hpage, rc === 0 ? new_hpage : hpage)
    unlock_page(new_hpage)
  }
  if (av !== NULL) k.put_anon_vma(av)
  return rc
}

/** migrate_pages of one isolated huge page: nobody can tell how often it was tried. As unmap_and_move_huge_page. */
export function migrateHugePage(hpage: Page, nid: number): number {
  const rc = k.unmap_and_move_huge_page(hpage, nid)
  k.countMoved(rc, 1)
  return rc
}

/**
 * move_pages(2) of one huge page: 0; -EBUSY: not to be had; or as unmap_and_move_huge_page. It is put back where it
 * stays.
 */
export function moveHugetlbPage(hpage: Page, nid: number): number {
  if (!k.isolate_huge_page(hpage)) return -EBUSY
  const rc = k.migrateHugePage(hpage, nid)
  if (rc === -EAGAIN || rc === -ENOMEM) k.putback_active_hugepage(hpage)
  return rc
}
