// Mappings of files, of hugetlbfs or of tmpfs (mm/mmap.c, v4.5).

import { f_mapping, file_inode, fput, get_file, i_data, shmem_mapping } from '../fs/inode.ts'
import { k } from '../kernel.ts'
import { down_write, up_write } from '../ops.ts'
import { rd, wr } from '../store.ts'
import { IS_ERR } from './errno.ts'
import { hstate_inode, huge_page_mask, is_vm_hugetlb_page, pages_per_huge_page } from './hugetlb_hstate.ts'
import {
  i_mmap_lock_write,
  i_mmap_unlock_write,
  vma_interval_tree_insert,
  vma_interval_tree_remove,
} from './interval_tree.ts'
import {
  type Hstate,
  type Inode,
  type Mm,
  mm_struct,
  NULL,
  VM_ACCOUNT,
  VM_LOCKED,
  VM_LOCKED_CLEAR_MASK,
  VM_MAYSHARE,
  VM_MAYWRITE,
  VM_NORESERVE,
  VM_SHARED,
  VM_SOFTDIRTY,
  VM_WRITE,
  type Vma,
  vm_area,
} from './mm_types.ts'
import { find_prev, set_vm_flags, vm_area_alloc, vm_area_free, vma_link } from './mmap_vma.ts'

/** What mmap(2) is asked beside the access rights. */
export const MAP_SHARED = 1
export const MAP_NORESERVE = 2
export const MAP_POPULATE = 4
export const MAP_LOCKED = 8

/** A vma of a file joins those that map it. */
export function __vma_link_file(vma: Vma): void {
  if (file_inode(vma) === NULL) return
  i_mmap_lock_write(f_mapping(vma))
  vma_interval_tree_insert(vma, f_mapping(vma))
  i_mmap_unlock_write(f_mapping(vma))
}

/** It leaves them. */
export function unlink_file_vma(vma: Vma): void {
  if (file_inode(vma) === NULL) return
  i_mmap_lock_write(f_mapping(vma))
  vma_interval_tree_remove(vma, f_mapping(vma))
  i_mmap_unlock_write(f_mapping(vma))
}

/** A vma that is off the list and unmapped: vm_ops->close, and its reference of the file. */
export function remove_vma(vma: Vma): void {
  const file = file_inode(vma)
  if (file !== NULL) {
    if (is_vm_hugetlb_page(vma)) k.hugetlb_vm_op_close(vma)
    fput(file)
  }
  vm_area_free(vma)
}

/** mmap_region of a file at a free place: 0 or an error. Caller holds mmap_sem for writing. */
export function mmap_file_region(
  mm: Mm,
  addr: number,
  len: number,
  vm_flags: number,
  file: Inode,
  pgoff: number,
): number {
  const prev = find_prev(mm, addr)
  // accountable_mapping(): what may be written to and is nobody else's.
  if (shmem_mapping(i_data(file)) && (vm_flags & (VM_SHARED | VM_WRITE)) === VM_WRITE) vm_flags |= VM_ACCOUNT
  const merged = k.vma_merge(mm, prev, addr, addr + len, vm_flags, 0, pgoff, file)
  if (merged !== NULL) {
    lockMapped(mm, merged, len)
    return 0
  }
  const vma = vm_area_alloc(mm, addr, addr + len, vm_flags, pgoff)
  get_file(file)
  wr(vma + vm_area.vm_file, file)
  const error = shmem_mapping(i_data(file)) ? 0 : k.hugetlbfs_file_mmap(file, vma)
  if (error !== 0) {
    // unmap_region: of what was never mapped.
    k.lru_add_drain()
    vm_area_free(vma)
    fput(file)
    return error
  }
  vma_link(mm, vma, prev)
  __vma_link_file(vma)
  lockMapped(mm, vma, len)
  return 0
}

/** The end of mmap_region. Huge pages are never locked: they do not move anyway. */
function lockMapped(mm: Mm, vma: Vma, len: number): void {
  let flags = rd(vma + vm_area.vm_flags)
  if (is_vm_hugetlb_page(vma)) flags &= VM_LOCKED_CLEAR_MASK
  else if (flags & VM_LOCKED) wr(mm + mm_struct.locked_vm, rd(mm + mm_struct.locked_vm) + len)
  set_vm_flags(vma, flags | VM_SOFTDIRTY)
}

/**
 * mmap(2) of a file, from base page `pgoff` on, at `addr`, which get_unmapped_area has found good and which is free.
 * `prot`: VM_READ, VM_WRITE; `flags`: MAP_ bits. A part of a huge page at the end is mapped whole. 0 or an error.
 */
export function sys_mmap_file(
  mm: Mm,
  addr: number,
  length: number,
  prot: number,
  flags: number,
  file: Inode,
  pgoff: number,
): number {
  let len = length
  if (!shmem_mapping(i_data(file))) {
    const h = hstate_inode(file)
    len = (length + pages_per_huge_page(h) - 1) & huge_page_mask(h)
  }
  let vm_flags = prot | VM_MAYWRITE
  if (flags & MAP_SHARED) vm_flags |= VM_SHARED | VM_MAYSHARE
  if (flags & MAP_NORESERVE) vm_flags |= VM_NORESERVE
  if (flags & MAP_LOCKED) vm_flags |= VM_LOCKED
  down_write(mm + mm_struct.mmap_sem)
  vm_flags |= rd(mm + mm_struct.def_flags)
  const error = k.mmap_file_region(mm, addr, len, vm_flags, file, pgoff)
  up_write(mm + mm_struct.mmap_sem)
  if (error === 0 && (vm_flags & VM_LOCKED || flags & MAP_POPULATE)) k.__mm_populate(mm, addr, len, true)
  return error
}

/** MAP_ANONYMOUS | MAP_SHARED (shmem_zero_setup): a file of its own. As sys_mmap_file. */
export function sys_mmap_shared(mm: Mm, addr: number, len: number, prot: number, flags: number): number {
  const file = k.shmem_file_setup(len)
  const error = k.sys_mmap_file(mm, addr, len, prot, flags | MAP_SHARED, file, 0)
  fput(file)
  return error
}

/** MAP_ANONYMOUS | MAP_HUGETLB: a file of its own. As sys_mmap_file. */
export function sys_mmap_hugetlb(mm: Mm, addr: number, length: number, prot: number, flags: number, h: Hstate): number {
  const len = (length + pages_per_huge_page(h) - 1) & huge_page_mask(h)
  const file = k.hugetlb_file_setup(h, len, VM_NORESERVE)
  if (IS_ERR(file)) return file
  const error = k.sys_mmap_file(mm, addr, len, prot, flags, file, 0)
  fput(file)
  return error
}
