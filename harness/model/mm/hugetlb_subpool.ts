// The quota of a hugetlbfs mount, `size=` and `min_size=` (hugepage_subpool of mm/hugetlb.c, v4.5). -1: no limit.

import { BUG_ON } from '../bug.ts'
import { inode } from '../fs/inode.ts'
import { k } from '../kernel.ts'
import { spin_lock, spin_unlock } from '../ops.ts'
import { rd, wr } from '../store.ts'
import { ENOMEM } from './errno.ts'
import { type Hstate, type Inode, NULL, type Subpool, type Vma, vm_area } from './mm_types.ts'
import { type Cache, kmem_cache_create_poisoned, kmem_cache_free, kmem_cache_zalloc } from './slab.ts'

export const hugepage_subpool = {
  lock: 0,
  /** Mounts that hold it: 1, and 0 once unmounted. */
  count: 1,
  max_hpages: 2,
  /** Against the maximum: pages in use and reservations. */
  used_hpages: 3,
  hstate: 4,
  min_hpages: 5,
  /** Against the minimum: pages reserved for it that nobody uses. */
  rsv_hpages: 6,
  SIZE: 8,
} as const
const { lock, count, max_hpages, used_hpages, min_hpages, rsv_hpages } = hugepage_subpool

export let subpool_cachep: Cache
export function subpool_init(): void {
  subpool_cachep = kmem_cache_create_poisoned('hugepage_subpool', hugepage_subpool.SIZE)
}

export const subpool_inode = (i: Inode): Subpool => rd(i + inode.subpool) as Subpool
export const subpool_vma = (vma: Vma): Subpool => subpool_inode(rd(vma + vm_area.vm_file) as Inode)

/** Drops the lock; with the last mount and the last page the quota goes, and what was reserved for its minimum. */
export function unlock_or_release_subpool(spool: Subpool): void {
  const free = rd(spool + count) === 0 && rd(spool + used_hpages) === 0
  spin_unlock(spool + lock)
  if (!free) return
  const min = rd(spool + min_hpages)
  if (min !== -1) k.hugetlb_acct_memory(rd(spool + hugepage_subpool.hstate) as Hstate, -min)
  kmem_cache_free(subpool_cachep, spool)
}

/** NULL: the pool has not room for the minimum. */
export function hugepage_new_subpool(h: Hstate, max: number, min: number): Subpool {
  const spool = kmem_cache_zalloc(subpool_cachep) as Subpool
  wr(spool + count, 1)
  wr(spool + max_hpages, max)
  wr(spool + hugepage_subpool.hstate, h)
  wr(spool + min_hpages, min)
  if (min !== -1 && k.hugetlb_acct_memory(h, min) !== 0) {
    kmem_cache_free(subpool_cachep, spool)
    return NULL
  }
  wr(spool + rsv_hpages, min)
  return spool
}

export function hugepage_put_subpool(spool: Subpool): void {
  spin_lock(spool + lock)
  BUG_ON(rd(spool + count) === 0, '!spool->count')
  wr(spool + count, rd(spool + count) - 1)
  unlock_or_release_subpool(spool)
}

/** `delta` more pages of the quota; -ENOMEM, or how many of them must be had from the pool. */
export function hugepage_subpool_get_pages(spool: Subpool, delta: number): number {
  if (spool === NULL) return delta
  let ret = delta
  spin_lock(spool + lock)
  if (rd(spool + max_hpages) !== -1) {
    const used = rd(spool + used_hpages) + delta
    if (used > rd(spool + max_hpages)) {
      spin_unlock(spool + lock)
      return -ENOMEM
    }
    wr(spool + used_hpages, used)
  }
  if (rd(spool + min_hpages) !== -1) {
    const had = Math.min(delta, rd(spool + rsv_hpages))
    ret = delta - had
    wr(spool + rsv_hpages, rd(spool + rsv_hpages) - had)
  }
  spin_unlock(spool + lock)
  return ret
}

/** `delta` pages fewer; returns how many reservations of the pool are to be dropped with them. */
export function hugepage_subpool_put_pages(spool: Subpool, delta: number): number {
  if (spool === NULL) return delta
  let ret = delta
  spin_lock(spool + lock)
  if (rd(spool + max_hpages) !== -1) wr(spool + used_hpages, rd(spool + used_hpages) - delta)
  const min = rd(spool + min_hpages)
  if (min !== -1) {
    const reserved = rd(spool + rsv_hpages) + delta
    ret = Math.max(0, reserved - min)
    wr(spool + rsv_hpages, Math.min(reserved, min))
  }
  unlock_or_release_subpool(spool)
  return ret
}
