// 0fe6e20b9c4c "hugetlb, rmap: add reverse mapping for hugepage" (v2.6.36).
//
// Before, nobody counts the maps of a huge page, and a private one leads nowhere: HUGETLB_POISON stands in its mapping,
// for futexes. Whether a write may have the page is told by its references. After, by its maps, which a page of the
// file may have just one of (37a2140dc214); the lock of the page is tried for the wrong way round (28957a5467ba,
// 56c9cfb13c9b); maps are counted before the entry is certain (409eb8c26); and a write for which there is no memory
// leaves without the page table lock (44e2aa937e69).

import { BUG_ON } from '../../bug.ts'
import { k } from '../../kernel.ts'
import { setHugeWritable } from '../../mm/hugetlb_cow.ts'
import { hugetlbAccess, lockPagecachePage } from '../../mm/hugetlb_fault.ts'
import { hstate_vma, hugetlb_lock, page_hstate } from '../../mm/hugetlb_hstate.ts'
import { addResv, clear_page_huge_active, leavesUse, page_private, set_page_private } from '../../mm/hugetlb_pool.ts'
import { huge_pte_lock } from '../../mm/hugetlb_pte.ts'
import {
  type AnonVma,
  anon_vma_chain,
  type Mm,
  NULL,
  PAGE_MAPPING_ANON,
  type Page,
  type Pmd,
  type Pmdp,
  page as struct_page,
  VM_FAULT_OOM,
  type Vma,
  vm_area,
} from '../../mm/mm_types.ts'
import {
  ClearPagePrivate,
  lock_page,
  PageAnon,
  page_count,
  page_mapcount,
  put_page,
  trylock_page,
  unlock_page,
} from '../../mm/page-flags.ts'
import { pmd_page } from '../../mm/pgtable.ts'
import { linear_page_index } from '../../mm/rmap.ts'
import { spin_lock, spin_unlock, WRITE_ONCE } from '../../ops.ts'
import * as recount from '../../recount-hugetlb.ts'
import { rd, S, wr } from '../../store.ts'
import { patch } from '../patch.ts'
import {
  hugepage_add_new_anon_rmap,
  hugetlb_dup_rmap,
  hugetlb_remove_rmap,
  hugetlbMaps,
} from '../thp-refcount/hugetlb.ts'
import * as counted from './409eb8c26.ts'
import { free_huge_page } from './07443a85ad90.ts'
import { hugepage_add_anon_rmap } from './a850ea30374e.ts'
import { countCopy } from './cd67f0d2a9a6.ts'

/** The access to a present entry, with whatever locks of pages hugetlb_cow wants; then the file's page goes. */
export function accessUnlessChanged(
  mm: Mm,
  vma: Vma,
  addr: number,
  ptep: Pmdp,
  entry: Pmd,
  flags: number,
  pagecache_page: Page,
): number {
  const ptl = huge_pte_lock(hstate_vma(vma), mm, addr)
  const same = rd(ptep) === entry
  const ret = same ? hugetlbAccess(mm, vma, addr, ptep, entry, flags, pagecache_page, ptl) : 0
  spin_unlock(ptl)
  if (pagecache_page !== NULL) {
    unlock_page(pagecache_page)
    put_page(pagecache_page)
  }
  return ret
}

// ---- before: v2.6.34 ------------------------------------------------------------------------------------------------

/** include/linux/poison.h: looks like an anon_vma (23be7468e880). */
const HUGETLB_POISON = 0x00300300 + PAGE_MAPPING_ANON

/** What changed elsewhere, where v2.6.34 had nothing. */
export const before = {
  hugetlb_dup_rmap: (_page: Page): void => {},
  hugetlb_remove_rmap: (_page: Page): void => {},

  avoidCopy(vma: Vma, _addr: number, ptep: Pmdp, old_page: Page): boolean {
    if (page_count(old_page) !== 1) return false
    setHugeWritable(vma, ptep)
    return true
  },

  prepareCopy: (_vma: Vma, _addr: number, _old_page: Page, _new_page: Page, _ptl: number): boolean => true,
  countCopy(_vma: Vma, _addr: number, _old_page: Page, _new_page: Page): void {},

  preparePrivatePage(page: Page, _vma: Vma, _addr: number): boolean {
    lock_page(page)
    WRITE_ONCE(page + struct_page.mapping, HUGETLB_POISON)
    return true
  },

  prepareCachePage(_page: Page): void {},
  countFirstMap(_page: Page, _vma: Vma, _addr: number, _anon_rmap: boolean): void {},

  /** Nobody's page is locked but the file's. */
  hugetlb_present(
    mm: Mm,
    vma: Vma,
    addr: number,
    ptep: Pmdp,
    entry: Pmd,
    flags: number,
  ): readonly [ret: number, wait: Page] {
    const pagecache_page = lockPagecachePage(vma, addr, entry, flags)
    if (pagecache_page < 0) return [VM_FAULT_OOM, NULL]
    return [accessUnlessChanged(mm, vma, addr, ptep, entry, flags, pagecache_page), NULL]
  },

  free_huge_page(p: Page): void {
    const h = page_hstate(p)
    const spool = page_private(p)
    set_page_private(p, NULL)
    WRITE_ONCE(p + struct_page.mapping, 0)
    BUG_ON(page_count(p) !== 0, 'page_count(page)')
    ClearPagePrivate(p)
    const restore_reserve = k.hugepage_subpool_put_pages(spool, 1) === 0
    spin_lock(hugetlb_lock)
    clear_page_huge_active(p)
    if (restore_reserve) addResv(h, 1)
    leavesUse(h, p)
    spin_unlock(hugetlb_lock)
  },

  hugetlbMaps: (_page: Page): undefined => undefined,
  /** A private page has HUGETLB_POISON there or, if it is a copy, nothing. */
  isPrivateHugePage(p: Page): boolean {
    const mapping = S[p + struct_page.mapping]!
    return mapping === 0 || (mapping & PAGE_MAPPING_ANON) !== 0
  },
}

// ---- after ----------------------------------------------------------------------------------------------------------

/** The lock that is had is kept for ever; where it is not to be had, the caller holds it. */
export function avoidCopy(vma: Vma, addr: number, ptep: Pmdp, old_page: Page): boolean {
  if (page_mapcount(old_page) !== 1) return false
  if (!trylock_page(old_page) && PageAnon(old_page)) k.page_move_anon_rmap(old_page, vma, addr)
  setHugeWritable(vma, ptep)
  return true
}

export function prepareCopy(vma: Vma, _addr: number, _old_page: Page, _new_page: Page, _ptl: number): boolean {
  return k.anon_vma_prepare(vma) === 0
}

/** The page that is mapped is locked only where the file has none. */
export function hugetlb_present(
  mm: Mm,
  vma: Vma,
  addr: number,
  ptep: Pmdp,
  entry: Pmd,
  flags: number,
): readonly [ret: number, wait: Page] {
  const pagecache_page = lockPagecachePage(vma, addr, entry, flags)
  if (pagecache_page < 0) return [VM_FAULT_OOM, NULL]
  const page = pmd_page(entry)
  if (pagecache_page === NULL) lock_page(page)
  const ret = accessUnlessChanged(mm, vma, addr, ptep, entry, flags, pagecache_page)
  if (pagecache_page === NULL) unlock_page(page)
  return [ret, NULL]
}

/** Always anew; unless exclusive, to the oldest anon_vma of the vma's chain. */
export function __hugepage_set_anon_rmap(p: Page, vma: Vma, addr: number, exclusive: boolean): void {
  let av = rd(vma + vm_area.anon_vma) as AnonVma
  BUG_ON(av === NULL, '!anon_vma')
  if (!exclusive) av = rd(rd(vma + vm_area.avc_last) + anon_vma_chain.anon_vma) as AnonVma
  WRITE_ONCE(p + struct_page.mapping, av + PAGE_MAPPING_ANON)
  wr(p + struct_page.index, linear_page_index(vma, addr))
}

export default patch('0fe6e20b9c4c', {
  subject: 'hugetlb, rmap: add reverse mapping for hugepage',
  release: 'v2.6.36',
  changes: {
    avoidCopy: { before: before.avoidCopy, after: avoidCopy },
    prepareCopy: { before: before.prepareCopy, after: prepareCopy },
    countCopy: { before: before.countCopy, after: countCopy },
    preparePrivatePage: { before: before.preparePrivatePage, after: counted.preparePrivatePage },
    prepareCachePage: { before: before.prepareCachePage, after: counted.prepareCachePage },
    countFirstMap: { before: before.countFirstMap, after: counted.countFirstMap },
    hugetlb_present: { before: before.hugetlb_present, after: hugetlb_present },
    hugetlb_dup_rmap: { before: before.hugetlb_dup_rmap, after: hugetlb_dup_rmap },
    hugetlb_remove_rmap: { before: before.hugetlb_remove_rmap, after: hugetlb_remove_rmap },
    __hugepage_set_anon_rmap: { before: undefined, after: __hugepage_set_anon_rmap },
    hugepage_add_anon_rmap: { before: undefined, after: hugepage_add_anon_rmap },
    hugepage_add_new_anon_rmap: { before: undefined, after: hugepage_add_new_anon_rmap },
    free_huge_page: { before: before.free_huge_page, after: free_huge_page },
    hugetlbMaps: { before: before.hugetlbMaps, after: hugetlbMaps },
    isPrivateHugePage: { before: before.isPrivateHugePage, after: recount.isPrivateHugePage },
  },
})
