// The split of a huge page (mm/huge_memory.c as of v4.4). It cannot fail because of pins: they are handed to the page
// that they meant. The order is: every PMD that maps the page is marked splitting, which keeps its map count still;
// the struct pages become pages of their own; every PMD becomes a table of PTEs.
//
// The page lock is no part of it. Others are kept away by the anon_vma (page tables), by lru_lock (the LRU) and by
// compound_lock (references of tails).

import { BUG_ON } from '../../bug.ts'
import { k } from '../../kernel.ts'
import { EBUSY } from '../../mm/errno.ts'
import { haddrOf, is_huge_zero_pmd } from '../../mm/huge_memory.ts'
import * as whole from '../../mm/huge_memory_page.ts'
import * as v4_5 from '../../mm/huge_memory_split.ts'
import { HPAGE_PMD_NR, zone } from '../../mm/init.ts'
import { maybe_mkwrite, mkdirty, mkold, vm_page_prot, wrprotect } from '../../mm/memory.ts'
import {
  type AnonVma,
  type Mm,
  NULL,
  type Page,
  type Pmd,
  type Pmdp,
  page,
  type Vma,
  vm_area,
} from '../../mm/mm_types.ts'
import {
  _count,
  _mapcount,
  ClearPageCompound,
  get_page,
  get_page_unless_zero,
  PageAnon,
  PageCompound,
  PageHead,
  PageSwapBacked,
  PageTail,
  PG_active,
  PG_dirty,
  PG_hwpoison,
  PG_mlocked,
  PG_swapbacked,
  PG_unevictable,
  page_count,
  page_mapcount,
  put_page,
  subpage,
} from '../../mm/page-flags.ts'
import {
  ACCESSED,
  mk_pte,
  PRESENT,
  pgtable_pte,
  pgtable_trans_huge_withdraw,
  pmd_lockptr,
  pmd_offset,
  pmd_page,
  pmd_populate,
  pmd_trans_huge,
  pte_write,
  read_pmd,
  SPLITTING,
  set_pmd,
  set_pte,
} from '../../mm/pgtable.ts'
import { __vma_address, anon_vma_interval_tree_foreach } from '../../mm/rmap_walk.ts'
import { count_vm_event, mod_zone_page_state, NR_ANON_TRANSPARENT_HUGEPAGES, THP_SPLIT } from '../../mm/vmstat.ts'
import {
  again,
  atomic_add,
  atomic_read,
  atomic_set,
  clear_bit,
  loop,
  READ_ONCE,
  readBits,
  set_bit,
  spin_lock,
  spin_unlock,
  WRITE_ONCE,
} from '../../ops.ts'
import { rd, wr } from '../../store.ts'
import type { Changes } from '../patch.ts'
import { pmd_trans_splitting } from './huge_memory.ts'
import { compound_lock, compound_unlock } from './mm.ts'

declare module '../../kernel.ts' {
  interface Patched {
    page_check_address_pmd(page: Page, mm: Mm, addr: number, splitting: boolean): Pmdp
    __split_huge_page_splitting(page: Page, vma: Vma, addr: number): number
    __split_huge_page_refcount(page: Page): void
    splitTail(page: Page, tail: Page): number
    accountSplit(): void
    __split_huge_page_map(page: Page, vma: Vma, addr: number): number
  }
}

/** The PMD by which `mm` maps the huge page at `addr`, its lock held, if it is splitting, or is not; else NULL. */
function page_check_address_pmd(p: Page, mm: Mm, addr: number, splitting: boolean): Pmdp {
  if (addr !== haddrOf(addr)) return NULL
  const pmd = pmd_offset(mm, addr)
  if (pmd === NULL) return NULL
  const ptl = pmd_lockptr(mm, addr)
  spin_lock(ptl)
  const e = rd(pmd) as Pmd
  const here = pmd_trans_huge(e) && pmd_page(e) === p
  if (here && (splitting || !pmd_trans_splitting(e))) return pmd
  spin_unlock(ptl)
  return NULL
}

/** Marks the PMD of one vma. Users go on reading and writing through it. Returns how many were marked. */
function __split_huge_page_splitting(p: Page, vma: Vma, addr: number): number {
  const mm = rd(vma + vm_area.vm_mm) as Mm
  const pmd = k.page_check_address_pmd(p, mm, addr, false)
  if (pmd === NULL) return 0
  set_pmd(pmd, (rd(pmd) | SPLITTING) as Pmd)
  spin_unlock(pmd_lockptr(mm, addr))
  return 1
}

/** What the split changes of the counters. */
export const accountSplit = (): void => mod_zone_page_state(NR_ANON_TRANSPARENT_HUGEPAGES, -1)

/** Makes every tail a page of its own, the last one first. No PMD of the page can change meanwhile. */
function __split_huge_page_refcount(p: Page): void {
  let tail_count = 0
  spin_lock(zone.lru_lock)
  compound_lock(p)
  const here = loop()
  for (let i = HPAGE_PMD_NR - 1; i >= 1; i--) {
    again(here, i, tail_count)
    const t = subpage(p, i)
    tail_count += k.splitTail(p, t)
    wr(t + page.index, rd(p + page.index) + i)
    BUG_ON(!PageAnon(t), '!PageAnon(page_tail)')
    BUG_ON(!PageSwapBacked(t), '!PageSwapBacked(page_tail)')
    k.lru_add_page_tail(p, t)
  }
  again(here, 0, tail_count)
  atomic_add(_count(p), -tail_count)
  BUG_ON(atomic_read(_count(p)) <= 0, 'atomic_read(&page->_count) <= 0')
  k.accountSplit()
  ClearPageCompound(p)
  compound_unlock(p)
  spin_unlock(zone.lru_lock)
  putTails(p)
}

/** Of its head's flags a tail has these; all others it loses. */
export function splitTail(p: Page, t: Page): number {
  return splitTailCopying(p, t, PG_swapbacked | PG_mlocked | PG_active | PG_unevictable)
}

/**
 * One turn of the loop over the tails, up to the index: count, flags, then the tail is none any more, then its maps.
 * Returns the pins that the tail takes from the head's count. The flags are not set in one go: whoever holds the tail's
 * page lock loses it (munlock of v3.8, which locks tails, then meets its own BUG_ON), and a flag of the head that is
 * cleared meanwhile may or may not be copied.
 */
export function splitTailCopying(p: Page, t: Page, copied: number): number {
  const pins = page_mapcount(t)
  BUG_ON(pins < 0, 'page_mapcount(page_tail) < 0')
  BUG_ON(atomic_read(_count(t)) !== 0, 'atomic_read(&page_tail->_count) != 0')
  atomic_add(_count(t), page_mapcount(p) + pins + 1)
  clear_bit(t + page.flags, ~PG_hwpoison)
  set_bit(t + page.flags, readBits(p + page.flags, copied) | PG_dirty)
  WRITE_ONCE(t + page.compound_head, 0)
  atomic_set(_mapcount(t), atomic_read(_mapcount(p)))
  BUG_ON(rd(t + page.mapping) !== 0, 'page_tail->mapping')
  WRITE_ONCE(t + page.mapping, READ_ONCE(p + page.mapping))
  return pins
}

/** The reference that kept each tail goes; it may have been the last one. */
function putTails(p: Page): void {
  const here = loop()
  for (let i = 1; i < HPAGE_PMD_NR; i++) {
    again(here, i)
    BUG_ON(page_count(subpage(p, i)) <= 0, 'page_count(page_tail) <= 0')
    put_page(subpage(p, i))
  }
  again(here, HPAGE_PMD_NR)
  BUG_ON(page_count(p) <= 0, 'page_count(page) <= 0')
}

/** Puts PTEs in the place of a marked PMD. Returns how many there were. */
function __split_huge_page_map(p: Page, vma: Vma, addr: number): number {
  const mm = rd(vma + vm_area.vm_mm) as Mm
  const pmd = k.page_check_address_pmd(p, mm, addr, true)
  if (pmd === NULL) return 0
  const old = rd(pmd) as Pmd
  const pgtable = pgtable_trans_huge_withdraw(mm, addr)
  if (pte_write(old)) BUG_ON(page_mapcount(p) !== 1, 'page_mapcount(page) != 1')
  for (let i = 0; i < HPAGE_PMD_NR; i++) {
    BUG_ON(PageCompound(subpage(p, i)), 'PageCompound(page+i)')
    let entry = maybe_mkwrite(mkdirty(mk_pte(subpage(p, i), vm_page_prot(vma))), vma)
    if (!pte_write(old)) entry = wrprotect(entry)
    if (!(old & ACCESSED)) entry = mkold(entry)
    set_pte(pgtable_pte(pgtable, i), entry)
  }
  // pmdp_invalidate: never small and huge entries for one address in a TLB at once.
  set_pmd(pmd, (old & ~PRESENT) as Pmd)
  pmd_populate(pmd, pgtable)
  spin_unlock(pmd_lockptr(mm, addr))
  return 1
}

/** Caller holds the anon_vma for writing. */
function __split_huge_page(p: Page, av: AnonVma): void {
  BUG_ON(!PageHead(p), '!PageHead(page)')
  BUG_ON(PageTail(p), 'PageTail(page)')
  const pgoff = rd(p + page.index)
  let mapcount = 0
  // The parent's vma comes before the child's, so that a PMD which a fork copies before this one is marked is found
  // too.
  anon_vma_interval_tree_foreach(av, pgoff, pgoff, vma => {
    mapcount += k.__split_huge_page_splitting(p, vma, __vma_address(pgoff, vma))
    return true
  })
  BUG_ON(mapcount !== page_mapcount(p), 'mapcount != page_mapcount(page)')
  k.__split_huge_page_refcount(p)
  let mapcount2 = 0
  anon_vma_interval_tree_foreach(av, pgoff, pgoff, vma => {
    mapcount2 += k.__split_huge_page_map(p, vma, __vma_address(pgoff, vma))
    return true
  })
  BUG_ON(mapcount !== mapcount2, 'mapcount != mapcount2')
}

/**
 * split_huge_page: 0, or 1 where nobody maps the page any more. Caller holds a reference; may sleep. Afterwards
 * that reference is one of the head, a page of its own.
 */
function split_huge_page_to_list(p: Page): number {
  BUG_ON(p === READ_ONCE(zone.huge_zero_page), 'is_huge_zero_page(page)')
  BUG_ON(!PageAnon(p), '!PageAnon(page)')
  const av = k.page_get_anon_vma(p)
  if (av === NULL) return 1
  k.anon_vma_lock_write(av)
  if (PageCompound(p)) {
    BUG_ON(!PageSwapBacked(p), '!PageSwapBacked(page)')
    __split_huge_page(p, av)
    count_vm_event(THP_SPLIT)
    BUG_ON(PageCompound(p), 'PageCompound(page)')
  }
  k.anon_vma_unlock_write(av)
  k.put_anon_vma(av)
  return 0
}

/** Then called __split_huge_page_pmd: to split a PMD is to split its page, for everybody who maps it. */
function __split_huge_pmd(vma: Vma, pmd: Pmdp, addr: number): void {
  const ptl = pmd_lockptr(rd(vma + vm_area.vm_mm) as Mm, addr)
  do {
    spin_lock(ptl)
    const e = rd(pmd) as Pmd
    let p = NULL as Page
    if (pmd_trans_huge(e)) {
      if (is_huge_zero_pmd(e)) k.__split_huge_zero_page_pmd(vma, pmd, haddrOf(addr))
      else {
        p = pmd_page(e)
        get_page(p)
      }
    }
    spin_unlock(ptl)
    if (p === NULL) return
    k.split_huge_page_to_list(p)
    put_page(p)
    // A write fault may have put another huge page here before the anon_vma was ours.
  } while (pmd_trans_huge(read_pmd(pmd)))
}

/**
 * What else splits a page without being a user of it: soft offlining (mm/memory-failure.c soft_offline_page), which
 * does so without the page lock. There was no debugfs file yet.
 */
function split_huge_pages_pfn(p: Page): number {
  if (!get_page_unless_zero(p)) return 0
  const ret = PageHead(p) && PageAnon(p) && k.split_huge_page_to_list(p) !== 0 ? -EBUSY : 0
  put_page(p)
  return ret
}

export const changes: Changes = {
  page_check_address_pmd: { before: page_check_address_pmd, after: undefined },
  __split_huge_page_splitting: { before: __split_huge_page_splitting, after: undefined },
  __split_huge_page_refcount: { before: __split_huge_page_refcount, after: undefined },
  splitTail: { before: splitTail, after: undefined },
  accountSplit: { before: accountSplit, after: undefined },
  __split_huge_page_map: { before: __split_huge_page_map, after: undefined },
  split_huge_page_to_list: { before: split_huge_page_to_list, after: whole.split_huge_page_to_list },
  split_huge_pages_pfn: { before: split_huge_pages_pfn, after: whole.split_huge_pages_pfn },
  __split_huge_pmd: { before: __split_huge_pmd, after: v4_5.__split_huge_pmd },
  __split_huge_pmd_locked: { before: undefined, after: v4_5.__split_huge_pmd_locked },
  deferred_split_huge_page: { before: undefined, after: v4_5.deferred_split_huge_page },
  total_mapcount: { before: undefined, after: whole.total_mapcount },
  freeze_page_vma: { before: undefined, after: whole.freeze_page_vma },
  freeze_page: { before: undefined, after: whole.freeze_page },
  unfreeze_page_vma: { before: undefined, after: whole.unfreeze_page_vma },
  unfreeze_page: { before: undefined, after: whole.unfreeze_page },
  __split_huge_page_tail: { before: undefined, after: whole.__split_huge_page_tail },
  __split_huge_page: { before: undefined, after: whole.__split_huge_page },
  splitFrozen: { before: undefined, after: whole.splitFrozen },
}
