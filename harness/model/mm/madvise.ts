// madvise(2) (mm/madvise.c, v4.5): flags of a vma, and dropping what stands in a range.

import { k } from '../kernel.ts'
import { down_read, down_write, up_read, up_write } from '../ops.ts'
import { rd } from '../store.ts'
import { EINVAL, ENOMEM } from './errno.ts'
import {
  type Mm,
  mm_struct,
  NULL,
  VM_DONTCOPY,
  VM_HUGEPAGE,
  VM_LOCKED,
  VM_NOHUGEPAGE,
  type Vma,
  vm_area,
} from './mm_types.ts'

type Behavior = 'hugepage' | 'nohugepage' | 'dontfork' | 'dofork'
export type Advice = Behavior | 'dontneed' | 'hwpoison' | 'soft-offline'

/** Flags that an advice sets and clears. */
const behavior: Readonly<Record<Behavior, readonly [set: number, clear: number]>> = {
  hugepage: [VM_HUGEPAGE, VM_NOHUGEPAGE],
  nohugepage: [VM_NOHUGEPAGE, VM_HUGEPAGE],
  dontfork: [VM_DONTCOPY, 0],
  dofork: [0, VM_DONTCOPY],
}

/** Caller holds mmap_sem for writing. */
export function madvise_behavior(vma: Vma, start: number, end: number, advice: Behavior): void {
  const [set, clear] = behavior[advice]
  const flags = (rd(vma + vm_area.vm_flags) & ~clear) | set
  if (flags !== rd(vma + vm_area.vm_flags)) k.setVmaFlags(vma, start, end, flags)
}

/** Returns -ENOMEM if a part of the range is not mapped: the rest has been advised all the same. */
export function sys_madvise(mm: Mm, addr: number, len: number, advice: Advice): number {
  if (advice === 'hwpoison' || advice === 'soft-offline')
    return k.madvise_hwpoison(mm, advice === 'soft-offline', addr, addr + len)
  const write = advice !== 'dontneed'
  if (write) down_write(mm + mm_struct.mmap_sem)
  else down_read(mm + mm_struct.mmap_sem)
  const end = addr + len
  let start = addr
  let error = 0
  while (start < end) {
    const vma = k.find_vma(mm, start)
    if (vma === NULL || rd(vma + vm_area.vm_start) > start) error = -ENOMEM
    if (vma === NULL) break
    start = Math.max(start, rd(vma + vm_area.vm_start))
    const to = Math.min(end, rd(vma + vm_area.vm_end))
    if (start >= to) break
    if (advice === 'dontneed' && rd(vma + vm_area.vm_flags) & VM_LOCKED) {
      error = -EINVAL
      break
    }
    if (advice === 'dontneed') k.zap_page_range(vma, start, to)
    else k.madvise_behavior(vma, start, to, advice)
    start = to
  }
  if (write) up_write(mm + mm_struct.mmap_sem)
  else up_read(mm + mm_struct.mmap_sem)
  return error
}
