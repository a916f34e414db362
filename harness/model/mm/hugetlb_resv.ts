// Reservations (mm/hugetlb.c, v4.5): that a later fault will find a page.
//
// Of a shared mapping the map lies on the inode, and holds the pages that have a reservation or were made of one. Of a
// private one it hangs on the vma that mmap made, the owner, and holds the pages whose reservation has been used; who
// forks gives its child none.

import { inode } from '../fs/inode.ts'
import { k } from '../kernel.ts'
import { READ_ONCE, test_bit, WRITE_ONCE } from '../ops.ts'
import { rd } from '../store.ts'
import { ENOSPC } from './errno.ts'
import { hstate_inode, hstate_vma, huge_page_order, is_vm_hugetlb_page } from './hugetlb_hstate.ts'
import {
  region_abort,
  region_add,
  region_chg,
  region_count,
  region_del,
  resv_map_alloc,
  resv_map_get,
  resv_map_put,
} from './hugetlb_region.ts'
import { subpool_inode, subpool_vma } from './hugetlb_subpool.ts'
import {
  type Hstate,
  type Inode,
  NULL,
  type ResvMap,
  VM_MAYSHARE,
  VM_NORESERVE,
  type Vma,
  vm_area,
} from './mm_types.ts'
import { VM_BUG_ON_VMA } from './page-flags.ts'

/** Bits of vm_private_data beside the map: the vma that reserved, and one whose owner has taken pages from it. */
export const HPAGE_RESV_OWNER = 1
export const HPAGE_RESV_UNMAPPED = 2
const HPAGE_RESV_MASK = HPAGE_RESV_OWNER | HPAGE_RESV_UNMAPPED

/** Where in the file, in huge pages, an address lies. */
export const vma_hugecache_offset = (h: Hstate, vma: Vma, addr: number): number =>
  ((addr - rd(vma + vm_area.vm_start)) >> huge_page_order(h)) + (rd(vma + vm_area.vm_pgoff) >> huge_page_order(h))

const shared = (vma: Vma): boolean => test_bit(vma + vm_area.vm_flags, VM_MAYSHARE)

export const inode_resv_map = (i: Inode): ResvMap => rd(i + inode.private_data) as ResvMap

/** The map that knows of the vma's reservations, or NULL. */
export function vma_resv_map(vma: Vma): ResvMap {
  VM_BUG_ON_VMA(!is_vm_hugetlb_page(vma), vma, '!is_vm_hugetlb_page(vma)')
  if (shared(vma)) return inode_resv_map(rd(vma + vm_area.vm_file) as Inode)
  return (READ_ONCE(vma + vm_area.vm_private_data) & ~HPAGE_RESV_MASK) as ResvMap
}

export const is_vma_resv_set = (vma: Vma, flag: number): boolean => test_bit(vma + vm_area.vm_private_data, flag)

export function set_vma_resv_flags(vma: Vma, flags: number): void {
  VM_BUG_ON_VMA(shared(vma), vma, 'vma->vm_flags & VM_MAYSHARE')
  WRITE_ONCE(vma + vm_area.vm_private_data, READ_ONCE(vma + vm_area.vm_private_data) | flags)
}

/** A child's vma has no reservations. */
export function reset_vma_resv_huge_pages(vma: Vma): void {
  if (!shared(vma)) WRITE_ONCE(vma + vm_area.vm_private_data, 0)
}

/** Whether a fault may use a reservation; `chg`: that one is not there for the page. */
export function vma_has_reserves(vma: Vma, chg: number): boolean {
  const flags = rd(vma + vm_area.vm_flags)
  // Of a shared page another may have reserved: its reservation is used, or it would stay for ever (af0ed73e699b).
  if (flags & (VM_NORESERVE | VM_MAYSHARE)) return (flags & VM_MAYSHARE) !== 0 && chg === 0
  return is_vma_resv_set(vma, HPAGE_RESV_OWNER)
}

// ---- around an allocation -----------------------------------------------------------------------------------------

/**
 * 1: the page has no reservation; 0: it has, or it is a private page of the owner; -ENOMEM. Else is followed by commit
 * or end.
 */
export function vma_needs_reservation(h: Hstate, vma: Vma, addr: number): number {
  const resv = vma_resv_map(vma)
  if (resv === NULL) return 1
  const idx = vma_hugecache_offset(h, vma, addr)
  const ret = region_chg(resv, idx, idx + 1)
  return shared(vma) || ret < 0 ? ret : 0
}

/** The page is there: the map knows it. As vma_needs_reservation, unless the map has changed since. */
export function vma_commit_reservation(h: Hstate, vma: Vma, addr: number): number {
  const resv = vma_resv_map(vma)
  if (resv === NULL) return 1
  const idx = vma_hugecache_offset(h, vma, addr)
  const ret = region_add(resv, idx, idx + 1)
  return shared(vma) ? ret : 0
}

export function vma_end_reservation(_h: Hstate, vma: Vma, _addr: number): void {
  const resv = vma_resv_map(vma)
  if (resv !== NULL) region_abort(resv)
}

// ---- mapping and unmapping ------------------------------------------------------------------------------------------

/** Reserves pages from..to of a file, for a vma or (NULL) for the file itself. 0 or an error. Caller holds i_mutex. */
export function hugetlb_reserve_pages(file: Inode, from: number, to: number, vma: Vma, vm_flags: number): number {
  if (vm_flags & VM_NORESERVE) return 0
  const ofFile = vma === NULL || shared(vma)
  const spool = subpool_inode(file)
  const h = hstate_inode(file)
  const map = ofFile ? inode_resv_map(file) : resv_map_alloc()
  const chg = ofFile ? region_chg(map, from, to) : to - from
  if (!ofFile) WRITE_ONCE(vma + vm_area.vm_private_data, map | HPAGE_RESV_OWNER)
  if (chg < 0) {
    k.abortFailedReserve(map)
    return chg
  }
  const gbl_reserve = k.hugepage_subpool_get_pages(spool, chg)
  const ret = gbl_reserve < 0 ? -ENOSPC : k.hugetlb_acct_memory(h, gbl_reserve)
  if (ret < 0) {
    if (gbl_reserve >= 0) k.hugepage_subpool_put_pages(spool, chg)
    if (ofFile) region_abort(map)
    else resv_map_put(map)
    return ret
  }
  if (ofFile) {
    const add = region_add(map, from, to)
    // A fault was in between, and counted the same page.
    if (chg > add) k.hugetlb_acct_memory(h, -k.hugepage_subpool_put_pages(spool, chg - add))
  }
  return 0
}

/** region_chg found no memory, and so has begun nothing; v4.5 gives it up all the same (ff8c0c53c475). */
export function abortFailedReserve(map: ResvMap): void {
  region_abort(map)
}

/**
 * Pages start..end of a file are gone, `freed` of them were there: the reservations of the others are given back. 0, or
 * -ENOMEM: the map could not forget them.
 */
export function hugetlb_unreserve_pages(file: Inode, start: number, end: number, freed: number): number {
  const map = inode_resv_map(file)
  const chg = map === NULL ? 0 : region_del(map, start, end)
  if (chg < 0) return chg
  const gbl_reserve = k.hugepage_subpool_put_pages(subpool_inode(file), chg - freed)
  k.hugetlb_acct_memory(hstate_inode(file), -gbl_reserve)
  return 0
}

/** A page is gone of which the map goes on saying that it has a reservation: so it shall have one. */
export function hugetlb_fix_reserve_counts(file: Inode): void {
  const rsv_adjust = k.hugepage_subpool_get_pages(subpool_inode(file), 1)
  // v4.5 asks, too, whether the page had used its reservation: of one in the cache it is always so (72e2936c04f7).
  if (rsv_adjust !== 0) k.hugetlb_acct_memory(hstate_inode(file), 1)
}

/** A vma that is a copy of another, in the same process, has its reservations, too. */
export function hugetlb_vm_op_open(vma: Vma): void {
  const resv = vma_resv_map(vma)
  if (resv !== NULL && is_vma_resv_set(vma, HPAGE_RESV_OWNER)) resv_map_get(resv)
}

/** The owner goes: what it has reserved and not used is given back. */
export function hugetlb_vm_op_close(vma: Vma): void {
  const resv = vma_resv_map(vma)
  if (resv === NULL || !is_vma_resv_set(vma, HPAGE_RESV_OWNER)) return
  const h = hstate_vma(vma)
  const start = vma_hugecache_offset(h, vma, rd(vma + vm_area.vm_start))
  const end = vma_hugecache_offset(h, vma, rd(vma + vm_area.vm_end))
  const reserve = end - start - region_count(resv, start, end)
  resv_map_put(resv)
  if (reserve !== 0) k.hugetlb_acct_memory(h, -k.hugepage_subpool_put_pages(subpool_vma(vma), reserve))
}
