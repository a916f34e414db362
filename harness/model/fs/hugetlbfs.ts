// hugetlbfs (fs/hugetlbfs/inode.c, v4.5): files whose pages are huge. A mount is a size of pages and perhaps a quota.

import { k } from '../kernel.ts'
import { EINVAL, ENOENT, ENOMEM, IS_ERR } from '../mm/errno.ts'
import { find_get_page } from '../mm/filemap.ts'
import { clear_huge_page, hugetlb_fault_mutex_table } from '../mm/hugetlb_fault.ts'
import { hstate_inode, huge_page_order, pages_per_huge_page } from '../mm/hugetlb_hstate.ts'
import { resv_map_alloc } from '../mm/hugetlb_region.ts'
import {
  type Hstate,
  type Inode,
  type Mm,
  NULL,
  type Subpool,
  VM_DONTEXPAND,
  VM_HUGETLB,
  VM_MAYSHARE,
  VM_SHARED,
  VM_WRITE,
  type Vma,
  vm_area,
} from '../mm/mm_types.ts'
import { set_vm_flags, vm_area_alloc, vm_area_free } from '../mm/mmap_vma.ts'
import { put_page, unlock_page } from '../mm/page-flags.ts'
import { down_write as mutex_lock, up_write as mutex_unlock } from '../ops.ts'
import { rd, wr } from '../store.ts'
import { alloc_inode, fput, i_data, i_mutex, i_size_read, i_size_write } from './inode.ts'

/** A mount of pages of `h`: its quota, NULL without limit and minimum (-1), or (negative) why there is none. */
export function hugetlbfs_fill_super(h: Hstate, max_hpages: number, min_hpages: number): Subpool {
  // hugetlbfs_parse_options
  if (max_hpages !== -1 && min_hpages > max_hpages) return -EINVAL as Subpool
  if (max_hpages === -1 && min_hpages === -1) return NULL as Subpool
  const spool = k.hugepage_new_subpool(h, max_hpages, min_hpages)
  return spool === NULL ? (-ENOMEM as Subpool) : spool
}

/** An empty file on a mount, with one reference: that of its directory entry, or of who made it. */
export function hugetlbfs_get_inode(h: Hstate, spool: Subpool): Inode {
  return alloc_inode(h, spool, resv_map_alloc())
}

/**
 * A file of `size` base pages that nobody can open: for MAP_HUGETLB, and for shmget, which also reserves its pages.
 * Returns it with a reference, or (negative) why not.
 */
export function hugetlb_file_setup(h: Hstate, size: number, acctflag: number): Inode {
  if (h === NULL) return -ENOENT as Inode
  const inode = hugetlbfs_get_inode(h, NULL)
  i_size_write(inode, size)
  if (k.hugetlb_reserve_pages(inode, 0, size >> huge_page_order(h), NULL, acctflag) === 0) return inode
  fput(inode)
  return -ENOMEM as Inode
}

/**
 * A file is mapped: its pages are reserved, and it grows if it may be written to. Caller holds mmap_sem for writing.
 */
export function hugetlbfs_file_mmap(inode: Inode, vma: Vma): number {
  const h = hstate_inode(inode)
  set_vm_flags(vma, rd(vma + vm_area.vm_flags) | VM_HUGETLB | VM_DONTEXPAND)
  const pgoff = rd(vma + vm_area.vm_pgoff)
  if (pgoff & (pages_per_huge_page(h) - 1)) return -EINVAL
  const len = pgoff + rd(vma + vm_area.vm_end) - rd(vma + vm_area.vm_start)
  const flags = rd(vma + vm_area.vm_flags)
  mutex_lock(i_mutex(inode))
  const order = huge_page_order(h)
  const failed = k.hugetlb_reserve_pages(inode, pgoff >> order, len >> order, vma, flags) !== 0
  if (!failed && flags & VM_WRITE && i_size_read(inode) < len) i_size_write(inode, len)
  mutex_unlock(i_mutex(inode))
  return failed ? -ENOMEM : 0
}

/** fallocate(2), `offset` and `len` in base pages: every page of the range gets memory now. 0 or an error. */
export function hugetlbfs_fallocate(mm: Mm, inode: Inode, offset: number, len: number, keep_size: boolean): number {
  const h = hstate_inode(inode)
  const nr = pages_per_huge_page(h)
  const start = offset >> huge_page_order(h)
  const end = (offset + len + nr - 1) >> huge_page_order(h)
  mutex_lock(i_mutex(inode))
  // The vma that the allocation wants to see.
  const pseudo_vma = vm_area_alloc(NULL, 0, 0, VM_HUGETLB | VM_MAYSHARE | VM_SHARED, 0)
  wr(pseudo_vma + vm_area.vm_file, inode)
  let error = 0
  for (let index = start; index < end && error === 0; index++) error = fallocatePage(mm, inode, pseudo_vma, index, nr)
  vm_area_free(pseudo_vma)
  if (error === 0 && !keep_size && offset + len > i_size_read(inode)) i_size_write(inode, offset + len)
  mutex_unlock(i_mutex(inode))
  return error
}

function fallocatePage(mm: Mm, inode: Inode, vma: Vma, index: number, nr: number): number {
  const mapping = i_data(inode)
  const addr = index * nr
  const mutex = hugetlb_fault_mutex_table(k.hugetlb_fault_mutex_hash(vma, mm, mapping, index, addr))
  mutex_lock(mutex)
  const there = find_get_page(mapping, index)
  if (there !== NULL) {
    put_page(there)
    mutex_unlock(mutex)
    return 0
  }
  const page = k.alloc_huge_page(vma, addr, false)
  if (IS_ERR(page)) {
    mutex_unlock(mutex)
    return page
  }
  clear_huge_page(page, nr)
  const error = k.huge_add_to_page_cache(page, mapping, index)
  if (error !== 0) {
    put_page(page)
    mutex_unlock(mutex)
    return error
  }
  mutex_unlock(mutex)
  // In this order in v4.5: the reference of the cache keeps the page.
  put_page(page)
  unlock_page(page)
  return 0
}
