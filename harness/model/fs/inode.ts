// Files of hugetlbfs and of tmpfs (struct inode and the address_space in it, include/linux/fs.h, v4.5). What the kernel
// has as a struct file is a reference of the inode here. Sizes count whole base pages.

import { k } from '../kernel.ts'
import { INIT_LIST_HEAD, list_add_tail, list_del } from '../mm/list.ts'
import { type AddressSpace, type Inode, NULL, type ResvMap, type Vma, vm_area } from '../mm/mm_types.ts'
import { type Cache, kmem_cache_create_poisoned, kmem_cache_free, kmem_cache_zalloc } from '../mm/slab.ts'
import { atomic_dec_and_test, atomic_inc, READ_ONCE, spin_lock, spin_unlock, WRITE_ONCE } from '../ops.ts'
import { rd, S, sbrk, wr } from '../store.ts'

export const inode = {
  /** Of the mount: the size of its huge pages, and its quota. A file of tmpfs has neither. */
  hstate: 0,
  subpool: 1,
  /** i_mapping->private_data: the reserve map. */
  private_data: 2,
  i_count: 3,
  i_size: 5,
  i_mutex: 6,
  i_data: 8,
  /** Neighbours among all inodes. Under inode_sb_list_lock. */
  i_sb_list: 16,
  /**
   * Of tmpfs (struct shmem_inode_info): how many of its pages are in swap, under a lock; its place among such files.
   */
  i_info_lock: 18,
  swapped: 19,
  i_swaplist: 20,
  /**
   * Whether memory of it is being given or taken away (FALLOCATING, PUNCHING of mm/shmem_fallocate.ts); under i_lock.
   */
  i_lock: 22,
  i_private: 23,
  /**
   * Of whoever does that (struct shmem_falloc, on his stack): who waits for a hole, the range and how far it has come,
   * under i_mutex.
   */
  falloc_waitq: 24,
  falloc_start: 25,
  falloc_next: 26,
  /** How many pages are new, and how many of them reclaim wanted, under i_lock. */
  nr_falloced: 27,
  nr_unswapped: 28,
  /** Whether it is a segment of shared memory: its vmas have shm_vm_ops. */
  shm: 29,
  SIZE: 32,
} as const

export let inode_cachep: Cache
let inode_sb_list_lock = 0
let s_inodes = 0
export function inode_init(): void {
  inode_cachep = kmem_cache_create_poisoned('inode', inode.SIZE)
  inode_sb_list_lock = sbrk(8)
  s_inodes = inode_sb_list_lock + 1
  INIT_LIST_HEAD(s_inodes)
}

export const i_data = (i: Inode): AddressSpace => (i + inode.i_data) as AddressSpace
export const host = (mapping: AddressSpace): Inode => (mapping - inode.i_data) as Inode
export const file_inode = (vma: Vma): Inode => rd(vma + vm_area.vm_file) as Inode
export const f_mapping = (vma: Vma): AddressSpace => i_data(file_inode(vma))
/** mm/shmem.c: whether it is a file of tmpfs, or shared anonymous memory. */
export const shmem_mapping = (mapping: AddressSpace): boolean => rd(host(mapping) + inode.hstate) === NULL
/** A vma without a file: its pages are nobody else's from the start. */
export const vma_is_anonymous = (vma: Vma): boolean => rd(vma + vm_area.vm_file) === NULL
export const i_lock = (i: Inode): number => i + inode.i_lock
export const i_mutex = (i: Inode): number => i + inode.i_mutex
export const i_size_read = (i: Inode): number => READ_ONCE(i + inode.i_size)
export const i_size_write = (i: Inode, pages: number): void => WRITE_ONCE(i + inode.i_size, pages)

/** A file with one reference. */
export function alloc_inode(hstate: number, subpool: number, map: ResvMap): Inode {
  const i = kmem_cache_zalloc(inode_cachep) as Inode
  wr(i + inode.hstate, hstate)
  wr(i + inode.subpool, subpool)
  wr(i + inode.private_data, map)
  wr(i + inode.i_count, 1)
  INIT_LIST_HEAD(i + inode.i_swaplist)
  spin_lock(inode_sb_list_lock)
  list_add_tail(i + inode.i_sb_list, s_inodes)
  spin_unlock(inode_sb_list_lock)
  return i
}

export function free_inode(i: Inode): void {
  spin_lock(inode_sb_list_lock)
  list_del(i + inode.i_sb_list)
  spin_unlock(inode_sb_list_lock)
  kmem_cache_free(inode_cachep, i)
}

/** Every file there is; for truth.ts. */
export function* allInodes(): Generator<Inode> {
  for (let at = S[s_inodes]!; at !== s_inodes; at = S[at]!) yield (at - inode.i_sb_list) as Inode
}

export const get_file = (i: Inode): void => atomic_inc(i + inode.i_count)

/**
 * Drops a reference; a directory entry is one. With the last the file goes, and its pages. The kernel does so on the
 * way back to user space.
 */
export function fput(i: Inode): void {
  if (!atomic_dec_and_test(i + inode.i_count)) return
  if (shmem_mapping(i_data(i))) k.shmem_evict_inode(i)
  else k.hugetlbfs_evict_inode(i)
}
