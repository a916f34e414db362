// Moving pages to other frames (mm/migrate.c, v4.5): a page is taken off the LRU, every entry that maps it becomes a
// migration entry, its contents and state go over, and the entries map the new page.

import { BUG_ON } from '../bug.ts'
import { k } from '../kernel.ts'
import { spin_lock, spin_unlock, test_bit, WRITE_ONCE } from '../ops.ts'
import { rd, wr } from '../store.ts'
import { EAGAIN, EBUSY, ENOMEM } from './errno.ts'
import { page_slot } from './filemap.ts'
import { debug_vm } from './init.ts'
import { address_space } from './interval_tree.ts'
import { maybe_mkwrite, mkold, vm_page_prot } from './memory.ts'
import {
  type AddressSpace,
  type Mm,
  NULL,
  type Page,
  type Pmdp,
  type Pte,
  page,
  type Swp,
  VM_LOCKED,
  type Vma,
  vm_area,
} from './mm_types.ts'
import { page_to_nid } from './mmzone.ts'
import { alloc_page } from './page_alloc.ts'
import {
  ClearPageDirty,
  ClearPageSwapCache,
  get_page,
  get_page_unless_zero,
  lock_page,
  PageAnon,
  PageCompound,
  PageDirty,
  PageHuge,
  PageLocked,
  PageSwapBacked,
  PageSwapCache,
  PageTransHuge,
  PageUptodate,
  PageWriteback,
  page_count,
  page_freeze_refs,
  page_mapped,
  page_swap_entry,
  page_unfreeze_refs,
  put_page,
  SetPageActive,
  SetPageDirty,
  SetPageSwapBacked,
  SetPageSwapCache,
  SetPageUnevictable,
  SetPageUptodate,
  set_page_swap_entry,
  TestClearPageActive,
  TestClearPageUnevictable,
  TestSetPageHWPoison,
  trylock_page,
  unlock_page,
  VM_BUG_ON_PAGE,
  wait_on_page_locked,
  wait_on_page_writeback,
} from './page-flags.ts'
import { mk_pte, pte_lockptr, pte_offset, read_pmd, SOFT_DIRTY, set_pte } from './pgtable.ts'
import { TTU_IGNORE_MLOCK, TTU_MIGRATION } from './rmap_unmap.ts'
import {
  __vma_address,
  anon_vma_interval_tree_foreach,
  mm_find_pmd,
  page_anon_vma,
  page_to_pgoff,
} from './rmap_walk.ts'
import { swapSlot } from './swap_state.ts'
import {
  is_migration_entry,
  is_write_migration_entry,
  migration_entry_to_page,
  num_poisoned_pages_add,
} from './swapops.ts'
import { page_mapping } from './util.ts'
import { count_vm_events, mod_zone_page_state, NR_ISOLATED_ANON, PGMIGRATE_FAIL, PGMIGRATE_SUCCESS } from './vmstat.ts'

// ---- taking pages for oneself ---------------------------------------------------------------------------------------

/**
 * A page that is to be moved, by a physical address alone: takes it off the LRU with a reference. 0, or -EBUSY: it is
 * free, part of another page, or on no list. (do_migrate_range of mm/memory_hotplug.c)
 */
export function isolateForMigration(p: Page): number {
  if (!get_page_unless_zero(p)) return -EBUSY
  const ret = k.isolate_lru_page(p)
  if (ret === 0) mod_zone_page_state(NR_ISOLATED_ANON, 1)
  put_page(p)
  return ret
}

/** Gives an isolated page back, with the reference. Until THPs migrated whole it counted as one, huge or not. */
export function putback_movable_page(p: Page): void {
  mod_zone_page_state(NR_ISOLATED_ANON, -1)
  k.putback_lru_page(p)
}

// ---- migration entries ----------------------------------------------------------------------------------------------

/**
 * A fault on a page that is being split or moved sleeps until the page is unlocked; then the access is tried again.
 * The kernel holds a reference meanwhile. A tail has none to give: there the kernel faults again and again, which
 * nobody can tell from sleeping without one.
 */
export function migration_entry_wait(addr: number, pmd: Pmdp): void {
  const table = read_pmd(pmd)
  const ptl = pte_lockptr(table)
  spin_lock(ptl)
  const entry = rd(pte_offset(table, addr)) as Pte
  if (!is_migration_entry(entry)) {
    spin_unlock(ptl)
    return
  }
  const page = migration_entry_to_page(entry)
  const held = get_page_unless_zero(page)
  spin_unlock(ptl)
  wait_on_page_locked(page)
  if (held) put_page(page)
}

/**
 * What remove_migration_pte does for a vma that is locked (51afb12ba809). Caller holds the page lock and the PTE lock.
 */
export function mlockMovedPage(p: Page, vma: Vma): void {
  if (test_bit(vma + vm_area.vm_flags, VM_LOCKED)) k.mlock_vma_page(p)
}

/** The migration entry of `old` in one vma maps `p` now. Caller holds the lock of both pages. */
export function remove_migration_pte(p: Page, vma: Vma, addr: number, old: Page): void {
  const pmd = mm_find_pmd(rd(vma + vm_area.vm_mm) as Mm, addr)
  if (pmd === NULL) return
  const table = read_pmd(pmd)
  const pte = pte_offset(table, addr)
  // No look before the lock: mremap moves entries without the anon_vma.
  spin_lock(pte_lockptr(table))
  const swp = rd(pte) as Pte
  if (is_migration_entry(swp) && migration_entry_to_page(swp) === old) {
    get_page(p)
    let entry = (mkold(mk_pte(p, vm_page_prot(vma))) | (swp & SOFT_DIRTY)) as Pte
    // What the vma allows may have changed meanwhile.
    if (is_write_migration_entry(swp)) entry = maybe_mkwrite(entry, vma)
    set_pte(pte, entry)
    if (PageAnon(p)) k.page_add_anon_rmap(p, vma, addr, false)
    else k.page_add_file_rmap(p, vma)
    k.mlockMovedPage(p, vma)
  }
  spin_unlock(pte_lockptr(table))
}

/**
 * Every migration entry of `old` maps `p` now, which may be the same. Caller holds the lock of both pages, and a
 * reference of the anon_vma: page_lock_anon_vma_read would find nobody who maps the page.
 */
export function remove_migration_ptes(old: Page, p: Page): void {
  if (!PageAnon(p)) {
    k.rmap_walk_file(p, (vma, addr) => {
      k.remove_migration_pte(p, vma, addr, old)
      return true
    })
    return
  }
  const av = page_anon_vma(p)
  if (av === NULL) return
  const pgoff = page_to_pgoff(p)
  k.anon_vma_lock_read(av)
  anon_vma_interval_tree_foreach(av, pgoff, pgoff, vma => {
    k.remove_migration_pte(p, vma, __vma_address(pgoff, vma), old)
    return true
  })
  k.anon_vma_unlock_read(av)
}

// ---- moving ---------------------------------------------------------------------------------------------------------

/**
 * The new page takes over what rmap needs, and the old one's place in the swap cache or in its file. -EAGAIN: somebody
 * else holds a reference. Caller holds the lock of both pages.
 */
export function migrate_page_move_mapping(newpage: Page, p: Page): number {
  const mapping = page_mapping(p)
  if (mapping !== NULL) return k.migrateMapping(mapping, newpage, p)
  if (page_count(p) !== 1) return -EAGAIN
  takeOver(newpage, p)
  return 0
}

/** No turning back from here. */
function takeOver(newpage: Page, p: Page): void {
  wr(newpage + page.index, rd(p + page.index))
  WRITE_ONCE(newpage + page.mapping, rd(p + page.mapping))
  if (PageSwapBacked(p)) SetPageSwapBacked(newpage)
}

/** The half of migrate_page_move_mapping that is about a page with a mapping. Caller holds the lock of both pages. */
export function migrateMapping(mapping: AddressSpace, newpage: Page, p: Page): number {
  // The isolation's, and that of the cache.
  const expected_count = 2
  spin_lock(mapping + address_space.tree_lock)
  const slot = PageSwapCache(p) ? swapSlot(page_swap_entry(p)) : page_slot(mapping, p)
  if (page_count(p) !== expected_count || rd(slot) !== p || !page_freeze_refs(p, expected_count)) {
    spin_unlock(mapping + address_space.tree_lock)
    return -EAGAIN
  }
  // Now nobody else is looking at the page: no turning back from here.
  takeOver(newpage, p)
  get_page(newpage)
  if (PageSwapCache(p)) {
    SetPageSwapCache(newpage)
    set_page_swap_entry(newpage, page_swap_entry(p))
  }
  // While nobody finds the new page.
  if (PageDirty(p)) {
    ClearPageDirty(p)
    SetPageDirty(newpage)
  }
  WRITE_ONCE(slot, newpage)
  page_unfreeze_refs(p, expected_count - 1)
  spin_unlock(mapping + address_space.tree_lock)
  return 0
}

/** Contents and flags. Caller holds the lock of both pages. */
export function migrate_page_copy(newpage: Page, p: Page): void {
  k.copy_user_page(newpage, p)
  migrate_page_states(newpage, p)
}

/** Flags; PG_mlocked comes back with the entries (51afb12ba809). v4.5 does so in migrate_page_copy. */
export function migrate_page_states(newpage: Page, p: Page): void {
  if (PageUptodate(p)) SetPageUptodate(newpage)
  if (TestClearPageActive(p)) SetPageActive(newpage)
  else if (TestClearPageUnevictable(p)) SetPageUnevictable(newpage)
  if (PageDirty(p)) SetPageDirty(newpage)
  if (PageSwapCache(p)) {
    ClearPageSwapCache(p)
    set_page_swap_entry(p, 0 as Swp)
  }
  // A page of a file must not say so when it is freed; an anonymous one stays anonymous, for the counters' sake. v4.5
  // does so in move_to_new_page.
  if (!PageAnon(p)) WRITE_ONCE(p + page.mapping, 0)
}

/** Caller holds the lock of both pages; nobody maps the old one. */
export function move_to_new_page(newpage: Page, p: Page): number {
  if (debug_vm) {
    VM_BUG_ON_PAGE(!PageLocked(p), p, '!PageLocked(page)')
    VM_BUG_ON_PAGE(!PageLocked(newpage), newpage, '!PageLocked(newpage)')
  }
  // migrate_page
  BUG_ON(PageWriteback(p), 'PageWriteback(page)')
  const rc = k.migrate_page_move_mapping(newpage, p)
  if (rc === 0) k.migrate_page_copy(newpage, p)
  return rc
}

/** Moves an isolated base page; 0 or -EAGAIN. The lock is waited for, as in later passes of migrate_pages. */
export function __unmap_and_move(p: Page, newpage: Page): number {
  let rc = -EAGAIN
  lock_page(p)
  wait_on_page_writeback(p)
  // Keeps the anon_vma while nobody maps the page. Without one nobody does, nor can anybody while we hold the lock.
  const av = k.page_get_anon_vma(p)
  if (trylock_page(newpage)) {
    const page_was_mapped = page_mapped(p)
    if (page_was_mapped) k.try_to_unmap(p, TTU_MIGRATION | TTU_IGNORE_MLOCK)
    if (!page_mapped(p)) rc = k.move_to_new_page(newpage, p)
    if (page_was_mapped) k.remove_migration_ptes(p, rc === 0 ? newpage : p)
    unlock_page(newpage)
  }
  if (av !== NULL) k.put_anon_vma(av)
  unlock_page(p)
  return rc
}

/**
 * Moves an isolated page to a new one. 0, -EAGAIN: try again, it stays isolated; any other error is final. A huge page
 * is split first: of it the first page moves, the others are on the LRU again.
 */
export function unmap_and_move(p: Page, reason = 0): number {
  const newpage = alloc_page()
  if (newpage === NULL) return -ENOMEM
  let rc = 0
  let moved = false
  // Else it was freed meanwhile: ours is the last reference.
  if (page_count(p) !== 1) {
    if (PageTransHuge(p)) {
      lock_page(p)
      rc = k.split_huge_page_to_list(p)
      unlock_page(p)
    }
    if (rc === 0) {
      rc = k.__unmap_and_move(p, newpage)
      moved = rc === 0
    }
  }
  if (rc !== -EAGAIN) k.doneWith(p, reason)
  if (moved) k.putback_lru_page(newpage)
  else put_page(newpage)
  return rc
}

/** Why pages move (include/linux/migrate.h), where that matters. */
export const MR_MEMORY_FAILURE = 1

/** The old page goes back to the LRU, which frees it if it has moved; one that is taken out of use goes nowhere. */
export function doneWith(p: Page, reason: number): void {
  if (reason !== MR_MEMORY_FAILURE) {
    k.putback_movable_page(p)
    return
  }
  mod_zone_page_state(NR_ISOLATED_ANON, -1)
  put_page(p)
  if (!TestSetPageHWPoison(p)) num_poisoned_pages_add(1)
}

/**
 * Moves one isolated page, as the last of migrate_pages' ten passes does: nobody can tell how often it was tried
 * before. 0, -EAGAIN or -EBUSY; in any case the page is back on the LRU, or gone.
 */
export function migrate_pages(p: Page, reason = 0): number {
  const rc = k.unmap_and_move(p, reason)
  k.countMoved(rc, 1)
  if (rc === -EAGAIN || rc === -ENOMEM) k.putback_movable_page(p)
  return rc
}

/** What migrate_pages counts of pages that it has tried. One for which there is no memory it has not (dfef2ef4027b). */
export function countMoved(rc: number, pages: number): void {
  if (rc !== -ENOMEM) count_vm_events(rc === 0 ? PGMIGRATE_SUCCESS : PGMIGRATE_FAIL, pages)
}

/**
 * move_pages(2) of one page to wherever memory is free, of hugetlb to node `nid`: 0, -EBUSY: not to be had, or a huge
 * page in use, or -EAGAIN: in use.
 */
export function migratePage(p: Page, nid = page_to_nid(p)): number {
  if (PageCompound(p)) {
    // follow_page: whether it is one of hugetlb can be asked with a reference only.
    if (!get_page_unless_zero(p)) return -EBUSY
    const huge = PageHuge(p)
    put_page(p)
    if (huge) return k.moveHugetlbPage(p, nid)
  }
  if (k.isolateForMigration(p) !== 0) return -EBUSY
  return k.migrate_pages(p)
}
