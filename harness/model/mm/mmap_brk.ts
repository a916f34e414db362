// The heap, which brk(2) makes larger and smaller at its end (mm/mmap.c, v4.5).

import { k } from '../kernel.ts'
import { down_write, up_write } from '../ops.ts'
import { rd, wr } from '../store.ts'
import { IS_ERR } from './errno.ts'
import { type Mm, mm_struct, NULL, VM_LOCKED, VM_READ, VM_WRITE } from './mm_types.ts'

/**
 * Has the heap end at `brk`, if that can be; answers with where it then ends. Above it a page stays free, and more
 * below what grows down. (RLIMIT_DATA is not modelled.)
 */
export function sys_brk(mm: Mm, brk: number): number {
  down_write(mm + mm_struct.mmap_sem)
  const oldbrk = rd(mm + mm_struct.brk)
  let done = false
  if (brk >= rd(mm + mm_struct.start_brk)) {
    if (brk === oldbrk) done = true
    else if (brk < oldbrk) done = k.do_munmap(mm, brk, oldbrk - brk) === 0
    else if (!meetsNext(mm, oldbrk, brk)) done = k.do_brk(mm, oldbrk, brk - oldbrk) === 0
  }
  if (done) wr(mm + mm_struct.brk, brk)
  const populate = done && brk > oldbrk && (rd(mm + mm_struct.def_flags) & VM_LOCKED) !== 0
  up_write(mm + mm_struct.mmap_sem)
  if (populate) k.__mm_populate(mm, oldbrk, brk - oldbrk, true)
  return done ? brk : oldbrk
}

function meetsNext(mm: Mm, oldbrk: number, newbrk: number): boolean {
  const next = k.find_vma(mm, oldbrk)
  return next !== NULL && newbrk + 1 > k.vm_start_gap(next)
}

/**
 * Private anonymous memory at the end of the heap, where nothing is. 0 or an error. Caller holds mmap_sem for writing.
 */
export function do_brk(mm: Mm, addr: number, len: number): number {
  const found = k.get_unmapped_area(mm, addr, len, true, NULL)
  if (IS_ERR(found)) return found
  k.mmap_region(mm, addr, len, VM_READ | VM_WRITE | rd(mm + mm_struct.def_flags))
  return 0
}

/**
 * Where the next brk(2) has the heap begin: execve, or prctl(2) with PR_SET_MM_BRK and PR_SET_MM_START_BRK
 * (kernel/sys.c).
 */
export function placeHeap(mm: Mm, addr: number): void {
  down_write(mm + mm_struct.mmap_sem)
  wr(mm + mm_struct.start_brk, addr)
  wr(mm + mm_struct.brk, addr)
  up_write(mm + mm_struct.mmap_sem)
}
