// SysV shared memory of huge pages, SHM_HUGETLB (ipc/shm.c, v4.5).

import { file_inode, fput, i_size_read, inode } from '../fs/inode.ts'
import { k } from '../kernel.ts'
import { EINVAL, IS_ERR } from '../mm/errno.ts'
import { huge_page_mask, pages_per_huge_page } from '../mm/hugetlb_hstate.ts'
import {
  type Hstate,
  type Inode,
  type Mm,
  mm_struct,
  NULL,
  VM_READ,
  VM_WRITE,
  type Vma,
  vm_area,
} from '../mm/mm_types.ts'
import { MAP_SHARED } from '../mm/mmap_file.ts'
import { down_write, up_write } from '../ops.ts'
import { rd, wr } from '../store.ts'

/**
 * shmget(2): a segment of `size` base pages, rounded up, reserved whole unless `acctflag` is VM_NORESERVE. Or an error.
 */
export function newseg(h: Hstate, size: number, acctflag: number): Inode {
  const seg = k.hugetlb_file_setup(h, (size + pages_per_huge_page(h) - 1) & huge_page_mask(h), acctflag)
  if (!IS_ERR(seg)) wr(seg + inode.shm, 1)
  return seg
}

/** shmat(2): the whole segment, at a free place. 0 or an error. */
export function do_shmat(mm: Mm, seg: Inode, addr: number, rdonly: boolean): number {
  return k.sys_mmap_file(mm, addr, i_size_read(seg), rdonly ? VM_READ : VM_READ | VM_WRITE, MAP_SHARED, seg, 0)
}

/**
 * shmdt(2): what is left, from `addr` on, of the segment that was attached there. 0, or -EINVAL: there is none. Takes
 * mmap_sem for writing.
 */
export function sys_shmdt(mm: Mm, addr: number): number {
  down_write(mm + mm_struct.mmap_sem)
  let seg = NULL as Inode
  let size = 0
  for (let vma = k.find_vma(mm, addr), next = NULL as Vma; vma !== NULL; vma = next) {
    next = rd(vma + vm_area.vm_next) as Vma
    if (seg !== NULL && rd(vma + vm_area.vm_end) - addr > size) break
    if (!isPartOf(vma, addr, seg)) continue
    seg = file_inode(vma)
    size = i_size_read(seg)
    k.do_munmap(mm, rd(vma + vm_area.vm_start), rd(vma + vm_area.vm_end) - rd(vma + vm_area.vm_start))
  }
  up_write(mm + mm_struct.mmap_sem)
  return seg === NULL ? -EINVAL : 0
}

/** Whether the vma is a part of a segment, of `seg` if there is one, and was attached at `addr`. */
function isPartOf(vma: Vma, addr: number, seg: Inode): boolean {
  const file = file_inode(vma)
  if (file === NULL || rd(vma + vm_area.vm_start) - addr !== rd(vma + vm_area.vm_pgoff)) return false
  return seg === NULL ? rd(file + inode.shm) !== 0 : file === seg
}

/** shmctl(IPC_RMID): the id goes; who is attached stays so. */
export const shm_destroy = (seg: Inode): void => fput(seg)
