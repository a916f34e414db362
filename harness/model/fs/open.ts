// System calls on files of whatever filesystem (fs/open.c, v4.5): here of hugetlbfs or of tmpfs.

import { k } from '../kernel.ts'
import type { Inode, Mm } from '../mm/mm_types.ts'
import { down_write as mutex_lock, up_write as mutex_unlock } from '../ops.ts'
import { i_data, i_mutex, shmem_mapping } from './inode.ts'

/** ftruncate(2), `size` in base pages: 0 or an error. Takes i_mutex. */
export function do_truncate(inode: Inode, size: number): number {
  mutex_lock(i_mutex(inode))
  const error = shmem_mapping(i_data(inode)) ? k.shmem_setattr(inode, size) : k.hugetlbfs_setattr(inode, size)
  mutex_unlock(i_mutex(inode))
  return error
}

/** fallocate(2), `offset` and `len` in base pages: the range gets memory now. 0 or an error. */
export function vfs_fallocate(mm: Mm, inode: Inode, offset: number, len: number, keep_size: boolean): number {
  if (shmem_mapping(i_data(inode))) return k.shmem_fallocate(inode, offset, len, keep_size)
  return k.hugetlbfs_fallocate(mm, inode, offset, len, keep_size)
}

/** FALLOC_FL_PUNCH_HOLE of base pages offset..offset+len: 0 or an error. */
export function vfs_punch_hole(inode: Inode, offset: number, len: number): number {
  if (shmem_mapping(i_data(inode))) return k.shmem_punch_hole(inode, offset, len)
  return k.hugetlbfs_punch_hole(inode, offset, len)
}
