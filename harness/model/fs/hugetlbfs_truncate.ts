// Pages of a hugetlbfs file going away (fs/hugetlbfs/inode.c, v4.5): truncation, punched holes, and the end of the
// file.

import { BUG_ON } from '../bug.ts'
import { k } from '../kernel.ts'
import { EINVAL } from '../mm/errno.ts'
import { delete_from_page_cache, find_get_pages, freePageTree } from '../mm/filemap.ts'
import { hugetlb_fault_mutex_table } from '../mm/hugetlb_fault.ts'
import { hstate_inode, huge_page_order, pages_per_huge_page } from '../mm/hugetlb_hstate.ts'
import { resv_map_put, TO_END } from '../mm/hugetlb_region.ts'
import { inode_resv_map } from '../mm/hugetlb_resv.ts'
import { i_mmap_lock_write, i_mmap_unlock_write, vma_interval_tree_foreach } from '../mm/interval_tree.ts'
import {
  type AddressSpace,
  type Inode,
  NULL,
  type Page,
  page as struct_page,
  VM_HUGETLB,
  VM_MAYSHARE,
  VM_SHARED,
  vm_area,
} from '../mm/mm_types.ts'
import { vm_area_alloc, vm_area_free } from '../mm/mmap_vma.ts'
import { ClearPageDirty, lock_page, page_mapped, put_page, unlock_page } from '../mm/page-flags.ts'
import { down_write as mutex_lock, up_write as mutex_unlock } from '../ops.ts'
import { rd } from '../store.ts'
import { free_inode, i_data, i_mutex, i_size_write } from './inode.ts'

/** include/linux/pagevec.h */
const PAGEVEC_SIZE = 14

/** Unmaps base pages start..end of a file from all who map it. Caller holds i_mmap_rwsem for writing. */
export function hugetlb_vmdelete_list(mapping: AddressSpace, start: number, end: number): void {
  vma_interval_tree_foreach(mapping, start, end, vma => {
    const vm_start = rd(vma + vm_area.vm_start)
    const pgoff = rd(vma + vm_area.vm_pgoff)
    const from = vm_start + Math.max(0, start - pgoff)
    const to = Math.min(vm_start + end - pgoff, rd(vma + vm_area.vm_end))
    k.unmap_hugepage_range(vma, from, to, NULL)
  })
}

/**
 * Takes the pages from `start` (in huge pages) to `end` out of a file. To its end (TO_END) the file was made shorter
 * before, so no fault brings a page back; in a hole one may.
 */
export function remove_inode_hugepages(inode: Inode, start: number, end: number): void {
  const truncate = end === TO_END
  const pseudo_vma = vm_area_alloc(NULL, 0, 0, VM_HUGETLB | VM_MAYSHARE | VM_SHARED, 0)
  let freed = 0
  for (let next = start; next < end; ) {
    const pvec = find_get_pages(i_data(inode), next, end, PAGEVEC_SIZE)
    if (pvec.length === 0) break
    for (const page of pvec) {
      next = rd(page + struct_page.index)
      const mutex = hugetlb_fault_mutex_table(k.hugetlb_fault_mutex_hash(pseudo_vma, NULL, i_data(inode), next, 0))
      mutex_lock(mutex)
      k.removeInodeHugepage(inode, page, next, truncate, mutex)
      mutex_unlock(mutex)
      freed++
    }
    next++
    for (const page of pvec) put_page(page)
  }
  vm_area_free(pseudo_vma)
  if (truncate) k.hugetlb_unreserve_pages(inode, start, TO_END, freed)
}

/** One page, of which the caller has a reference. Caller holds the fault mutex. */
export function removeInodeHugepage(inode: Inode, page: Page, index: number, truncate: boolean, _mutex: number): void {
  const mapping = i_data(inode)
  // It was faulted in since the hole was unmapped; now the mutex keeps faults out (4aae8d1c051e).
  if (page_mapped(page)) {
    BUG_ON(truncate, 'truncate_op')
    const nr = pages_per_huge_page(hstate_inode(inode))
    i_mmap_lock_write(mapping)
    k.hugetlb_vmdelete_list(mapping, index * nr, (index + 1) * nr)
    i_mmap_unlock_write(mapping)
  }
  lock_page(page)
  k.remove_huge_page(page)
  if (!truncate && k.hugetlb_unreserve_pages(inode, index, index + 1, 1) !== 0) k.hugetlb_fix_reserve_counts(inode)
  unlock_page(page)
}

export function remove_huge_page(page: Page): void {
  ClearPageDirty(page)
  delete_from_page_cache(page)
}

/** Nobody refers to the file any more. */
export function hugetlbfs_evict_inode(inode: Inode): void {
  k.remove_inode_hugepages(inode, 0, TO_END)
  resv_map_put(inode_resv_map(inode))
  freePageTree(i_data(inode))
  free_inode(inode)
}

/** ftruncate(2), `size` in base pages: 0, or -EINVAL for what is no multiple of a huge page. Caller holds i_mutex. */
export function hugetlbfs_setattr(inode: Inode, size: number): number {
  if (size & (pages_per_huge_page(hstate_inode(inode)) - 1)) return -EINVAL
  k.hugetlb_vmtruncate(inode, size)
  return 0
}

export function hugetlb_vmtruncate(inode: Inode, size: number): void {
  const mapping = i_data(inode)
  i_size_write(inode, size)
  i_mmap_lock_write(mapping)
  k.hugetlb_vmdelete_list(mapping, size, TO_END)
  i_mmap_unlock_write(mapping)
  k.remove_inode_hugepages(inode, size >> huge_page_order(hstate_inode(inode)), TO_END)
}

/** FALLOC_FL_PUNCH_HOLE of base pages offset..offset+len: only whole huge pages go. Takes i_mutex. */
export function hugetlbfs_punch_hole(inode: Inode, offset: number, len: number): number {
  const order = huge_page_order(hstate_inode(inode))
  const nr = 1 << order
  const start = (offset + nr - 1) >> order
  const end = (offset + len) >> order
  if (end <= start) return 0
  const mapping = i_data(inode)
  mutex_lock(i_mutex(inode))
  i_mmap_lock_write(mapping)
  k.hugetlb_vmdelete_list(mapping, start << order, end << order)
  i_mmap_unlock_write(mapping)
  k.remove_inode_hugepages(inode, start, end)
  mutex_unlock(i_mutex(inode))
  return 0
}
