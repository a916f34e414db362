// Splitting a huge page itself (the end of mm/huge_memory.c, v4.5, before fec89c109f3a of v4.7 made it use the generic
// walkers). It can fail, for anybody may hold a reference: first all its maps become migration entries, so that its
// count tells who else does; then the page is split, or the maps come back, by PTE.

import { BUG_ON } from '../bug.ts'
import { k } from '../kernel.ts'
import {
  again,
  atomic_add,
  atomic_read,
  bit_lock_copied,
  loop,
  readBits,
  spin_lock,
  spin_unlock,
  WRITE_ONCE,
} from '../ops.ts'
import { rd, wr } from '../store.ts'
import { EBUSY } from './errno.ts'
import { haddrOf } from './huge_memory.ts'
import { debug_vm, HPAGE_PMD_NR, zone } from './init.ts'
import { list_del, list_empty } from './list.ts'
import { maybe_mkwrite, mkdirty, mkold, vm_page_prot } from './memory.ts'
import {
  type AnonVma,
  type Mm,
  NULL,
  type Page,
  type Pmd,
  type Pmdp,
  type Pte,
  type Ptep,
  page,
  TAIL_MAPPING,
  tail,
  type Vma,
  vm_area,
} from './mm_types.ts'
import {
  _count,
  _mapcount,
  ClearPageCompound,
  compound_head,
  compound_mapcount,
  get_page,
  get_page_unless_zero,
  lock_page,
  PageAnon,
  PageCompound,
  PageDirty,
  PageDoubleMap,
  PageHead,
  PageHWPoison,
  PageLocked,
  PageMlocked,
  PG_active,
  PG_dirty,
  PG_hwpoison,
  PG_locked,
  PG_mlocked,
  PG_swapbacked,
  PG_unevictable,
  page_count,
  put_page,
  SetPageDirty,
  subpage,
  unlock_page,
  VM_BUG_ON_PAGE,
} from './page-flags.ts'
import {
  DIRTY,
  mk_pte,
  pmd_lockptr,
  pmd_offset,
  pmd_page,
  pmd_trans_huge,
  pointsToTable,
  pte_lockptr,
  pte_offset,
  pte_page,
  pte_present,
  pte_write,
  read_pmd,
  SOFT_DIRTY,
  set_pte,
} from './pgtable.ts'
import {
  __vma_address,
  anon_vma_interval_tree_foreach,
  mm_find_pmd,
  page_anon_vma,
  page_to_pgoff,
} from './rmap_walk.ts'
import {
  is_migration_entry,
  is_write_migration_entry,
  make_migration_entry,
  migration_entry_to_page,
} from './swapops.ts'
import { count_vm_event, THP_SPLIT_PAGE, THP_SPLIT_PAGE_FAILED } from './vmstat.ts'

/** Flags of the head that its tails get. */
export const INHERITED = PG_swapbacked | PG_mlocked | PG_active | PG_locked | PG_unevictable | PG_dirty

/** All maps of a huge page, by PMD and by PTE. Racy, unless it is frozen. */
export function total_mapcount(head: Page): number {
  let ret = compound_mapcount(head)
  const here = loop()
  for (let i = 0; i < HPAGE_PMD_NR; i++) {
    again(here, i, ret)
    ret += atomic_read(_mapcount(subpage(head, i))) + 1
  }
  again(here, HPAGE_PMD_NR, ret)
  return PageDoubleMap(head) ? ret - HPAGE_PMD_NR : ret
}

// ---- maps become migration entries, and come back ------------------------------------------------------------------

/**
 * Calls `visit` for the PTEs of as many pages as lie from `addr` on, under the lock of their table; a huge page that
 * was moved lies across two tables.
 */
export function forEachPte(
  mm: Mm,
  pmd: Pmdp,
  addr: number,
  pages: number,
  visit: (pte: Ptep, addr: number) => void,
): void {
  const border = haddrOf(addr) + HPAGE_PMD_NR
  let table = read_pmd(pmd)
  spin_lock(pte_lockptr(table))
  for (let a = addr; a < addr + pages; a++) {
    if (a === border) {
      spin_unlock(pte_lockptr(table))
      const next = mm_find_pmd(mm, a)
      if (next === NULL) return
      table = read_pmd(next)
      spin_lock(pte_lockptr(table))
    }
    visit(pte_offset(table, a), a)
  }
  spin_unlock(pte_lockptr(table))
}

/** What a vma maps of the huge page becomes migration entries. Caller holds the page lock and the anon_vma. */
export function freeze_page_vma(vma: Vma, head: Page, head_addr: number): void {
  const mm = rd(vma + vm_area.vm_mm) as Mm
  const addr = Math.max(head_addr, rd(vma + vm_area.vm_start))
  const first = subpage(head, addr - head_addr)
  const pmd = pmd_offset(mm, addr)
  if (pmd === NULL) return
  const ptl = pmd_lockptr(mm, addr)
  spin_lock(ptl)
  const e = rd(pmd) as Pmd
  if (pmd_trans_huge(e) && pmd_page(e) === first) k.__split_huge_pmd_locked(vma, pmd, haddrOf(addr), true)
  spin_unlock(ptl)
  if (!pointsToTable(e)) return
  forEachPte(mm, pmd, addr, head_addr + HPAGE_PMD_NR - addr, (pte, a) => {
    const entry = rd(pte) as Pte
    const p = subpage(head, a - head_addr)
    if (!pte_present(entry) || pte_page(entry) !== p) return
    set_pte(pte, 0 as Pte)
    if (entry & DIRTY) SetPageDirty(p)
    set_pte(pte, (make_migration_entry(p, pte_write(entry)) | (entry & SOFT_DIRTY)) as Pte)
    k.page_remove_rmap(p, false, vma)
    put_page(p)
  })
}

/**
 * In all vmas, one after the other: meanwhile others fault, fork and pin. Caller holds the page lock and the anon_vma.
 */
export function freeze_page(av: AnonVma, head: Page): void {
  if (debug_vm) VM_BUG_ON_PAGE(!PageHead(head), head, '!PageHead(page)')
  const pgoff = page_to_pgoff(head)
  anon_vma_interval_tree_foreach(av, pgoff, pgoff + HPAGE_PMD_NR - 1, vma => {
    k.freeze_page_vma(vma, head, __vma_address(pgoff, vma))
    return true
  })
}

/** The migration entries of a vma become maps again, by PTE, of a huge page or of what it was split into. */
export function unfreeze_page_vma(vma: Vma, head: Page, head_addr: number): void {
  const mm = rd(vma + vm_area.vm_mm) as Mm
  const addr = Math.max(head_addr, rd(vma + vm_area.vm_start))
  const pmd = mm_find_pmd(mm, addr)
  if (pmd === NULL) return
  forEachPte(mm, pmd, addr, head_addr + HPAGE_PMD_NR - addr, (pte, a) => {
    const swp = rd(pte) as Pte
    const p = subpage(head, a - head_addr)
    if (!is_migration_entry(swp) || migration_entry_to_page(swp) !== p) return
    get_page(p)
    k.page_add_anon_rmap(p, vma, a, false)
    // v4.5 loses soft-dirty here, unless the page is dirty, and does not look at VM_LOCKED.
    let entry = mkold(mk_pte(p, vm_page_prot(vma)))
    if (PageDirty(p)) entry = mkdirty(entry)
    if (is_write_migration_entry(swp)) entry = maybe_mkwrite(entry, vma)
    set_pte(pte, entry)
  })
}

/** Caller holds the page lock, of all pages if it is split by now, and the anon_vma. */
export function unfreeze_page(av: AnonVma, head: Page): void {
  const pgoff = page_to_pgoff(head)
  anon_vma_interval_tree_foreach(av, pgoff, pgoff + HPAGE_PMD_NR - 1, vma => {
    k.unfreeze_page_vma(vma, head, __vma_address(pgoff, vma))
    return true
  })
}

// ---- the page is split ---------------------------------------------------------------------------------------------

/** Tail `i` becomes a page of its own, locked as its head. Returns its maps. Caller holds lru_lock. */
export function __split_huge_page_tail(head: Page, i: number): number {
  const t = subpage(head, i)
  const mapcount = atomic_read(_mapcount(t)) + 1
  if (debug_vm) VM_BUG_ON_PAGE(atomic_read(_count(t)) !== 0, t, 'page_count(page_tail) != 0')
  // Added, not set: somebody may just be trying whether the page has a reference to give.
  atomic_add(_count(t), mapcount + 1)
  const poisoned = PageHWPoison(t) ? PG_hwpoison : 0
  WRITE_ONCE(t + page.flags, poisoned | readBits(head + page.flags, INHERITED))
  bit_lock_copied()
  WRITE_ONCE(t + page.compound_head, 0)
  if (debug_vm) VM_BUG_ON_PAGE(i > 2 && rd(t + page.mapping) !== TAIL_MAPPING, t, 'page_tail->mapping != TAIL_MAPPING')
  WRITE_ONCE(t + page.mapping, rd(head + page.mapping))
  wr(t + page.index, rd(head + page.index) + i)
  k.lru_add_page_tail(head, t)
  return mapcount
}

/** Caller holds the page lock, which goes over to page `p` of it with the caller's reference, and the anon_vma. */
export function __split_huge_page(p: Page, head: Page): void {
  let tail_mapcount = 0
  spin_lock(zone.lru_lock)
  for (let i = HPAGE_PMD_NR - 1; i >= 1; i--) tail_mapcount += k.__split_huge_page_tail(head, i)
  atomic_add(_count(head), -tail_mapcount)
  ClearPageCompound(head)
  spin_unlock(zone.lru_lock)
  k.unfreeze_page(page_anon_vma(head), head)
  const here = loop()
  for (let i = 0; i < HPAGE_PMD_NR; i++) {
    again(here, i)
    const sub = subpage(head, i)
    if (sub === p) continue
    unlock_page(sub)
    // Nobody may have mapped it.
    put_page(sub)
  }
}

/**
 * Splits the huge page that `p` is part of; 0, or -EBUSY: somebody else holds a reference, or nobody maps it. Caller
 * holds the page lock and one reference, which both go over to `p`. Takes the anon_vma for writing.
 */
export function split_huge_page_to_list(p: Page): number {
  const head = compound_head(p)
  if (debug_vm) {
    VM_BUG_ON_PAGE(!PageAnon(p), p, '!PageAnon(page)')
    VM_BUG_ON_PAGE(!PageLocked(p), p, '!PageLocked(page)')
    VM_BUG_ON_PAGE(!PageCompound(p), p, '!PageCompound(page)')
  }
  let ret = -EBUSY
  const av = k.page_get_anon_vma(head)
  if (av !== NULL) {
    k.anon_vma_lock_write(av)
    // Racy, so that a page that is pinned anyway keeps its PMDs.
    if (k.total_mapcount(head) === page_count(head) - 1) ret = k.splitFrozen(av, p, head)
    k.anon_vma_unlock_write(av)
    k.put_anon_vma(av)
  }
  count_vm_event(ret === 0 ? THP_SPLIT_PAGE : THP_SPLIT_PAGE_FAILED)
  return ret
}

/**
 * The middle of split_huge_page_to_list: freezes the page, and splits it if the caller's is the only reference left.
 */
export function splitFrozen(av: AnonVma, p: Page, head: Page): number {
  const mlocked = PageMlocked(head)
  k.freeze_page(av, head)
  // Losing its last map it has lost the flag, and was put back by way of the pagevec, which holds a reference.
  if (mlocked) k.lru_add_drain()
  if (debug_vm) VM_BUG_ON_PAGE(compound_mapcount(head) !== 0, head, 'compound_mapcount(head)')
  // Keeps deferred_split_scan from taking a reference meanwhile.
  spin_lock(zone.split_queue_lock)
  const count = page_count(head)
  const mapcount = k.total_mapcount(head)
  if (mapcount === 0 && count === 1) {
    if (!list_empty(head + tail.deferred_list)) {
      wr(zone.split_queue_len, rd(zone.split_queue_len) - 1)
      list_del(head + tail.deferred_list)
    }
    spin_unlock(zone.split_queue_lock)
    k.__split_huge_page(p, head)
    return 0
  }
  BUG_ON(debug_vm && mapcount !== 0, 'total_mapcount(head)')
  spin_unlock(zone.split_queue_lock)
  k.unfreeze_page(av, head)
  return -EBUSY
}

/**
 * What writing to debugfs' split_huge_pages does with one frame: 0, or -EBUSY where it is a huge page and stays one.
 */
export function split_huge_pages_pfn(p: Page): number {
  if (!get_page_unless_zero(p)) return 0
  let ret = 0
  if (PageHead(p) && PageAnon(p)) {
    lock_page(p)
    ret = k.split_huge_page_to_list(p)
    unlock_page(p)
  }
  put_page(p)
  return ret
}
