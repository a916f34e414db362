// a833a693a490 "mm: hugetlb: fix incorrect fallback for subpool" (v6.15): seen in Debian's 6.16.12, not in its
// 6.12.117.
//
// Before, what a mount was asked for in vain is given back to it whole, also what was to come from the pool and never
// did: with a minimum of which all is in use the mount then believes that pages are reserved for it, and later
// HugePages_Rsvd falls below zero. After, no more is given back than was had from the minimum: the rest goes on
// counting against a limit for ever, of a reservation until 1d3f9bb4c8af, which is not in here, of a fault still in
// 7.2.12.

import { k } from '../../kernel.ts'
import { ENOMEM, ENOSPC, ERR_PTR } from '../../mm/errno.ts'
import { alloc_huge_page as v4_5_alloc } from '../../mm/hugetlb_alloc.ts'
import { hstate_inode, hstate_vma, hugetlb_lock } from '../../mm/hugetlb_hstate.ts'
import { moveToActive, set_page_private } from '../../mm/hugetlb_pool.ts'
import { region_abort, region_add, region_chg, resv_map_alloc, resv_map_put } from '../../mm/hugetlb_region.ts'
import { HPAGE_RESV_OWNER, inode_resv_map, hugetlb_reserve_pages as v4_5_reserve } from '../../mm/hugetlb_resv.ts'
import { subpool_inode, subpool_vma } from '../../mm/hugetlb_subpool.ts'
import {
  type Hstate,
  type Inode,
  NULL,
  type Page,
  type Subpool,
  VM_MAYSHARE,
  VM_NORESERVE,
  type Vma,
  vm_area,
} from '../../mm/mm_types.ts'
import { NUMA_NO_NODE } from '../../mm/mmzone.ts'
import { spin_lock, spin_unlock, test_bit, WRITE_ONCE } from '../../ops.ts'
import { patch } from '../patch.ts'

/** Gives back what was had from a mount's minimum; what it needs no more is the pool's. */
function putBack(h: Hstate, spool: Subpool, fromMinimum: number): void {
  if (fromMinimum > 0) k.hugetlb_acct_memory(h, -k.hugepage_subpool_put_pages(spool, fromMinimum))
}

function alloc_huge_page(vma: Vma, addr: number, avoid_reserve: boolean): Page {
  const spool = subpool_vma(vma)
  const h = hstate_vma(vma)
  const map_chg = k.vma_needs_reservation(h, vma, addr)
  if (map_chg < 0) return ERR_PTR(-ENOMEM)
  let gbl_chg = map_chg
  let had = 0
  if (map_chg !== 0 || avoid_reserve) {
    gbl_chg = k.hugepage_subpool_get_pages(spool, 1)
    if (gbl_chg < 0) {
      k.vma_end_reservation(h, vma, addr)
      return ERR_PTR(-ENOSPC)
    }
    had = 1 - gbl_chg
    if (avoid_reserve) gbl_chg = 1
  }
  spin_lock(hugetlb_lock)
  let p = k.dequeue_huge_page_vma(h, vma, avoid_reserve, gbl_chg)
  if (p === NULL) {
    spin_unlock(hugetlb_lock)
    p = k.__alloc_buddy_huge_page(h, NUMA_NO_NODE)
    if (p === NULL) {
      putBack(h, spool, had)
      k.vma_end_reservation(h, vma, addr)
      return ERR_PTR(-ENOSPC)
    }
    if (!avoid_reserve && k.vma_has_reserves(vma, gbl_chg)) k.useReservation(h, p)
    spin_lock(hugetlb_lock)
    moveToActive(h, p)
  }
  spin_unlock(hugetlb_lock)
  set_page_private(p, spool)
  const map_commit = k.vma_commit_reservation(h, vma, addr)
  if (map_chg > map_commit) k.hugetlb_acct_memory(h, -k.hugepage_subpool_put_pages(spool, 1))
  return p
}

function hugetlb_reserve_pages(file: Inode, from: number, to: number, vma: Vma, vm_flags: number): number {
  if (vm_flags & VM_NORESERVE) return 0
  const ofFile = vma === NULL || test_bit(vma + vm_area.vm_flags, VM_MAYSHARE)
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
    if (gbl_reserve >= 0) putBack(h, spool, chg - gbl_reserve)
    if (ofFile) region_abort(map)
    else resv_map_put(map)
    return ret
  }
  if (ofFile) {
    const add = region_add(map, from, to)
    if (chg > add) k.hugetlb_acct_memory(h, -k.hugepage_subpool_put_pages(spool, chg - add))
  }
  return 0
}

export default patch('a833a693a490', {
  subject: 'mm: hugetlb: fix incorrect fallback for subpool',
  release: 'v6.15',
  changes: {
    alloc_huge_page: { before: v4_5_alloc, after: alloc_huge_page },
    hugetlb_reserve_pages: { before: v4_5_reserve, after: hugetlb_reserve_pages },
  },
})
