// f00cdc6df7d7 "shmem: fix faulting into a hole while it's punched" (v3.16), as 8e205f779d14 of the same release has
// it: until then a fault filled the hole again, as often as it was asked to.

import { file_inode } from '../../fs/inode.ts'
import { k } from '../../kernel.ts'
import { ENOMEM } from '../../mm/errno.ts'
import type { Faulted } from '../../mm/memory_file.ts'
import { VM_FAULT_MAJOR, VM_FAULT_OOM, VM_FAULT_SIGBUS, type Vma } from '../../mm/mm_types.ts'
import * as shmem from '../../mm/shmem.ts'
import { count_vm_event, PGMAJFAULT } from '../../mm/vmstat.ts'
import { patch } from '../patch.ts'

/** Asks nobody whether there is to be a hole. */
function shmem_fault(vma: Vma, pgoff: number): Faulted {
  const { page, error, fault_type } = k.shmem_getpage(file_inode(vma), pgoff, shmem.SGP_CACHE)
  if (error !== 0) return { page, ret: error === -ENOMEM ? VM_FAULT_OOM : VM_FAULT_SIGBUS }
  if (fault_type & VM_FAULT_MAJOR) count_vm_event(PGMAJFAULT)
  return { page, ret: 0 }
}

export default patch('f00cdc6df7d7', {
  subject: "shmem: fix faulting into a hole while it's punched",
  release: 'v3.16',
  changes: { shmem_fault: { before: shmem_fault, after: shmem.shmem_fault } },
})
