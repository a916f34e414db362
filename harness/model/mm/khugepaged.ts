// khugepaged: base pages of one mm become a huge page again (mm/huge_memory.c, v4.5; a file of its own since v4.8).
//
// mmap_sem held for writing keeps faults out, the anon_vma rmap, and the page locks whoever has found a page already.

import { BUG_ON } from '../bug.ts'
import { vma_is_anonymous } from '../fs/inode.ts'
import { k } from '../kernel.ts'
import { down_read, down_write, spin_lock, spin_unlock, up_read, up_write } from '../ops.ts'
import { rd } from '../store.ts'
import { EAGAIN, EINVAL, ENOMEM } from './errno.ts'
import { debug_vm, HPAGE_PMD_NR, thp_enabled } from './init.ts'
import { add_anon_rss, is_zero_pfn, maybe_mkwrite, mkdirty, vm_normal_page, vm_page_prot } from './memory.ts'
import {
  type AnonVma,
  type Mm,
  mm_struct,
  NULL,
  type Page,
  type Pmd,
  type Pmdp,
  type Pte,
  VM_HUGEPAGE,
  VM_NOHUGEPAGE,
  type Vma,
  vm_area,
} from './mm_types.ts'
import { alloc_hugepage } from './page_alloc.ts'
import {
  PageAnon,
  PageCompound,
  PageLocked,
  PageLRU,
  PageSwapCache,
  page_count,
  page_mapcount,
  put_page,
  set_page_content,
  subpage,
  trylock_page,
  unlock_page,
  VM_BUG_ON_PAGE,
} from './page-flags.ts'
import {
  ACCESSED,
  mk_huge_pmd,
  pgtable_trans_huge_deposit,
  pmd_lockptr,
  pmd_none,
  pmd_pgtable,
  pmd_populate,
  pte_lockptr,
  pte_none,
  pte_offset,
  pte_page,
  pte_pfn,
  pte_present,
  pte_write,
  read_pmd,
  set_pmd,
  set_pte,
} from './pgtable.ts'
import { mm_find_pmd } from './rmap_walk.ts'
import {
  count_vm_event,
  mod_zone_page_state,
  NR_ISOLATED_ANON,
  THP_COLLAPSE_ALLOC,
  THP_COLLAPSE_ALLOC_FAILED,
} from './vmstat.ts'

const none_or_zero = (e: Pte): boolean => pte_none(e) || (pte_present(e) && is_zero_pfn(pte_pfn(e)))

export function hugepage_vma_check(vma: Vma): boolean {
  const flags = rd(vma + vm_area.vm_flags)
  if ((!(flags & VM_HUGEPAGE) && thp_enabled !== 'always') || flags & VM_NOHUGEPAGE) return false
  return rd(vma + vm_area.anon_vma) !== 0 && vma_is_anonymous(vma)
}

/** khugepaged comes to the huge page at `addr` now. 0: there is a huge page; -EAGAIN: this time not; -EINVAL: never. */
export function khugepaged_scan_address(mm: Mm, addr: number): number {
  down_read(mm + mm_struct.mmap_sem)
  const vma = k.find_vma(mm, addr)
  const fits = vma !== NULL && rd(vma + vm_area.vm_start) <= addr && addr + HPAGE_PMD_NR <= rd(vma + vm_area.vm_end)
  const scanned = !fits || !k.hugepage_vma_check(vma) ? -EINVAL : k.khugepaged_scan_pmd(mm, addr)
  up_read(mm + mm_struct.mmap_sem)
  return scanned === 0 ? k.collapse_huge_page(mm, addr) : scanned
}

/**
 * 0: what one PTE table maps could be one huge page. With the default of max_ptes_none one page is enough. Caller holds
 * mmap_sem for reading.
 */
export function khugepaged_scan_pmd(mm: Mm, addr: number): number {
  const pmd = mm_find_pmd(mm, addr)
  if (pmd === NULL) return -EAGAIN
  const table = read_pmd(pmd)
  let writable = false
  let referenced = false
  let fits = true
  spin_lock(pte_lockptr(table))
  for (let a = addr; fits && a < addr + HPAGE_PMD_NR; a++) {
    const entry = rd(pte_offset(table, a)) as Pte
    if (none_or_zero(entry)) continue
    fits = pte_present(entry) && canBeCollapsed(vm_normal_page(entry))
    if (pte_write(entry)) writable = true
    if (entry & ACCESSED) referenced = true
  }
  spin_unlock(pte_lockptr(table))
  return fits && writable && referenced ? 0 : -EAGAIN
}

/** References of a page that one entry maps and nobody else has: the entry's, and that of the swap cache. */
const usualCount = (page: Page): number => (PageSwapCache(page) ? 2 : 1)

/** Caller holds the PTE lock of an entry that maps the page; a reference more than usual is a pin, or a sharer. */
const canBeCollapsed = (page: Page): boolean =>
  !PageCompound(page) && PageLRU(page) && !PageLocked(page) && PageAnon(page) && page_count(page) === usualCount(page)

/** Takes mmap_sem for writing. 0, or -EAGAIN: it is not as it was when scanned. */
export function collapse_huge_page(mm: Mm, addr: number): number {
  const new_page = alloc_hugepage()
  count_vm_event(new_page === NULL ? THP_COLLAPSE_ALLOC_FAILED : THP_COLLAPSE_ALLOC)
  if (new_page === NULL) return -ENOMEM
  down_write(mm + mm_struct.mmap_sem)
  const vma = k.find_vma(mm, addr)
  let ret = -EAGAIN
  if (
    vma !== NULL &&
    rd(vma + vm_area.vm_start) <= addr &&
    addr + HPAGE_PMD_NR <= rd(vma + vm_area.vm_end) &&
    k.hugepage_vma_check(vma)
  ) {
    const pmd = mm_find_pmd(mm, addr)
    if (pmd !== NULL) ret = k.collapsePmd(mm, vma, addr, pmd, new_page)
  }
  up_write(mm + mm_struct.mmap_sem)
  if (ret !== 0) put_page(new_page)
  return ret
}

/** The middle of collapse_huge_page. Caller holds mmap_sem for writing. */
export function collapsePmd(mm: Mm, vma: Vma, addr: number, pmd: Pmdp, new_page: Page): number {
  const anon_vma = rd(vma + vm_area.anon_vma) as AnonVma
  const pmd_ptl = pmd_lockptr(mm, addr)
  k.anon_vma_lock_write(anon_vma)
  spin_lock(pmd_ptl)
  const table = rd(pmd) as Pmd
  // From here on no processor finds the table.
  set_pmd(pmd, 0 as Pmd)
  spin_unlock(pmd_ptl)
  spin_lock(pte_lockptr(table))
  const isolated = k.__collapse_huge_page_isolate(table, addr)
  spin_unlock(pte_lockptr(table))
  if (!isolated) {
    spin_lock(pmd_ptl)
    BUG_ON(!pmd_none(rd(pmd) as Pmd), '!pmd_none(*pmd)')
    pmd_populate(pmd, pmd_pgtable(table))
    spin_unlock(pmd_ptl)
    k.anon_vma_unlock_write(anon_vma)
    return -EAGAIN
  }
  // All pages are isolated and locked: rmap cannot come here any more.
  k.anon_vma_unlock_write(anon_vma)
  k.__collapse_huge_page_copy(vma, table, addr, new_page)
  spin_lock(pmd_ptl)
  BUG_ON(!pmd_none(rd(pmd) as Pmd), '!pmd_none(*pmd)')
  k.page_add_new_anon_rmap(new_page, vma, addr, true)
  k.lru_cache_add_active_or_unevictable(new_page, vma)
  pgtable_trans_huge_deposit(mm, addr, pmd_pgtable(table))
  set_pmd(pmd, maybe_mkwrite(mkdirty(mk_huge_pmd(new_page, vm_page_prot(vma))), vma))
  spin_unlock(pmd_ptl)
  return 0
}

function release_pte_page(page: Page): void {
  mod_zone_page_state(NR_ISOLATED_ANON, -1)
  unlock_page(page)
  k.putback_lru_page(page)
}

/** Locks and isolates every page of the table, or none. Caller holds the PTE lock; nobody else finds the table. */
export function __collapse_huge_page_isolate(table: Pmd, addr: number): boolean {
  const taken: Page[] = []
  let writable = false
  let referenced = false
  let fits = true
  for (let a = addr; fits && a < addr + HPAGE_PMD_NR; a++) {
    const entry = rd(pte_offset(table, a)) as Pte
    if (none_or_zero(entry)) continue
    fits = pte_present(entry) && k.lockAndIsolate(vm_normal_page(entry), pte_write(entry))
    if (!fits) continue
    taken.push(pte_page(entry))
    if (pte_write(entry)) writable = true
    if (entry & ACCESSED) referenced = true
  }
  if (fits && writable && referenced) return true
  for (const page of taken.reverse()) release_pte_page(page)
  return false
}

/** One page of __collapse_huge_page_isolate; false: somebody else holds it, has it locked or off the LRU. */
export function lockAndIsolate(page: Page, writable: boolean): boolean {
  if (debug_vm) {
    VM_BUG_ON_PAGE(PageCompound(page), page, 'PageCompound(page)')
    VM_BUG_ON_PAGE(!PageAnon(page), page, '!PageAnon(page)')
  }
  if (!trylock_page(page)) return false
  // Not by mapcount: a page with a pin must stay. The page cannot be freed under us. One that may only be read is ours
  // if the swap cache lets it go.
  const ours = page_count(page) === usualCount(page) && (writable || !PageSwapCache(page) || k.reuse_swap_page(page))
  if (!ours || k.isolate_lru_page(page) !== 0) {
    unlock_page(page)
    return false
  }
  mod_zone_page_state(NR_ISOLATED_ANON, 1)
  return true
}

/** Copies what the table maps and lets the pages go. Caller holds mmap_sem for writing; nobody else finds the table. */
export function __collapse_huge_page_copy(vma: Vma, table: Pmd, addr: number, new_page: Page): void {
  const ptl = pte_lockptr(table)
  for (let i = 0; i < HPAGE_PMD_NR; i++) {
    const pte = pte_offset(table, addr + i)
    const entry = rd(pte) as Pte
    if (none_or_zero(entry)) {
      set_page_content(subpage(new_page, i), 0)
      add_anon_rss(rd(vma + vm_area.vm_mm) as Mm, 1)
      if (pte_none(entry)) continue
      spin_lock(ptl)
      set_pte(pte, 0 as Pte)
      spin_unlock(ptl)
      continue
    }
    const src = pte_page(entry)
    k.copy_user_page(subpage(new_page, i), src)
    VM_BUG_ON_PAGE(page_mapcount(src) !== 1, src, 'page_mapcount(src_page) != 1')
    release_pte_page(src)
    spin_lock(ptl)
    set_pte(pte, 0 as Pte)
    k.page_remove_rmap(src, false, vma)
    spin_unlock(ptl)
    // free_page_and_swap_cache
    k.free_swap_cache(src)
    put_page(src)
  }
}
