// 8897c1b1a179 "shmem: pin the file in shmem_fault() if mmap_sem is dropped" (v5.5): who waits for a hole has given up
// mmap_sem, and with it what kept the file, whose lock he wants when he wakes.

import { file_inode, fput, get_file, i_lock, inode as struct_inode } from '../../fs/inode.ts'
import {
  FAULT_FLAG_ALLOW_RETRY,
  mm_struct,
  VM_FAULT_NOPAGE,
  VM_FAULT_RETRY,
  type Vma,
  vm_area,
} from '../../mm/mm_types.ts'
import { finish_wait, isBeingPunched, waitForPunch as waitForPunch_4_5 } from '../../mm/shmem_fallocate.ts'
import { prepare_to_wait, schedule, spin_lock, spin_unlock, up_read } from '../../ops.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'

function waitForPunch(vma: Vma, pgoff: number, flags: number): number {
  const inode = file_inode(vma)
  const waitq = inode + struct_inode.falloc_waitq
  spin_lock(i_lock(inode))
  if (!isBeingPunched(inode, pgoff)) {
    spin_unlock(i_lock(inode))
    return 0
  }
  // maybe_unlock_mmap_for_io
  const unlock = (flags & FAULT_FLAG_ALLOW_RETRY) !== 0
  if (unlock) {
    get_file(inode)
    up_read(rd(vma + vm_area.vm_mm) + mm_struct.mmap_sem)
  }
  const prepared = prepare_to_wait(waitq)
  spin_unlock(i_lock(inode))
  schedule(waitq, prepared)
  finish_wait(inode)
  if (unlock) fput(inode)
  return unlock ? VM_FAULT_RETRY : VM_FAULT_NOPAGE
}

export default patch('8897c1b1a179', {
  subject: 'mm/shmem.c: pin the file in shmem_fault() if mmap_sem is dropped',
  release: 'v5.5',
  changes: { waitForPunch: { before: waitForPunch_4_5, after: waitForPunch } },
})
