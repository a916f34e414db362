// SysV shared memory of huge pages, SHM_HUGETLB (ipc/shm.c, v4.5).

import { file_inode, fput, i_size_read } from '../fs/inode.ts'
import { k } from '../kernel.ts'
import { EINVAL } from '../mm/errno.ts'
import { huge_page_mask, pages_per_huge_page } from '../mm/hugetlb_hstate.ts'
import { type Hstate, type Inode, type Mm, NULL, VM_READ, VM_WRITE, vm_area } from '../mm/mm_types.ts'
import { MAP_SHARED } from '../mm/mmap_file.ts'
import { rd } from '../store.ts'

/** shmget(2): a segment of `size` base pages, rounded up, reserved whole unless `acctflag` is VM_NORESERVE. Or an error. */
export function newseg(h: Hstate, size: number, acctflag: number): Inode {
  return k.hugetlb_file_setup(h, (size + pages_per_huge_page(h) - 1) & huge_page_mask(h), acctflag)
}

/** shmat(2): the whole segment, at a free place. 0 or an error. */
export function do_shmat(mm: Mm, seg: Inode, addr: number, rdonly: boolean): number {
  return k.sys_mmap_file(mm, addr, i_size_read(seg), rdonly ? VM_READ : VM_READ | VM_WRITE, MAP_SHARED, seg, 0)
}

/** shmdt(2): every vma of the segment that is attached at `addr`. 0, or -EINVAL: there is none. */
export function sys_shmdt(mm: Mm, addr: number): number {
  const first = k.find_vma(mm, addr)
  if (first === NULL || rd(first + vm_area.vm_start) !== addr || file_inode(first) === NULL) return -EINVAL
  return k.sys_munmap(mm, addr, i_size_read(file_inode(first)))
}

/** shmctl(IPC_RMID): the id goes; who is attached stays so. */
export const shm_destroy = (seg: Inode): void => fput(seg)
