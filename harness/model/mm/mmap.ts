// Mapping and unmapping memory (mm/mmap.c, v4.5), and the end of an address space.

import { k } from '../kernel.ts'
import { down_write, up_write } from '../ops.ts'
import { rd, wr } from '../store.ts'
import type { Gather } from './memory_range.ts'
import {
  type Mm,
  mm_struct,
  NULL,
  VM_ACCOUNT,
  VM_LOCKED,
  VM_SOFTDIRTY,
  VM_WRITE,
  type Vma,
  vm_area,
} from './mm_types.ts'
import { find_prev, find_vma, next, set_vm_flags, vm_area_alloc, vma_link, vma_unlink } from './mmap_vma.ts'
import { task_size } from './pgtable.ts'

const { vm_start, vm_end, vm_flags, vm_prev } = vm_area

/** Maps len pages of private anonymous memory at a free address. Caller holds mmap_sem for writing. */
export function mmap_region(mm: Mm, addr: number, len: number, flags: number): void {
  const prev = find_prev(mm, addr)
  // accountable_mapping(): only what may be written to is counted.
  if (flags & VM_WRITE) flags |= VM_ACCOUNT
  let vma = k.vma_merge(mm, prev, addr, addr + len, flags, 0, addr)
  if (vma === NULL) {
    vma = vm_area_alloc(mm, addr, addr + len, flags, addr)
    vma_link(mm, vma, prev)
  }
  if (flags & VM_LOCKED) wr(mm + mm_struct.locked_vm, rd(mm + mm_struct.locked_vm) + len)
  set_vm_flags(vma, rd(vma + vm_flags) | VM_SOFTDIRTY)
}

/** 0, or -EINVAL: a border lies in a huge page of hugetlb. Caller holds mmap_sem for writing. */
export function do_munmap(mm: Mm, start: number, len: number): number {
  const end = start + len
  let vma = find_vma(mm, start)
  if (vma === NULL || rd(vma + vm_start) >= end) return 0
  let prev = rd(vma + vm_prev) as Vma
  let error = 0
  if (start > rd(vma + vm_start)) {
    error = k.__split_vma(vma, start, false)
    prev = vma
  }
  const last = find_vma(mm, end)
  if (error === 0 && last !== NULL && end > rd(last + vm_start)) error = k.__split_vma(last, end, true)
  if (error !== 0) return error
  vma = (prev !== NULL ? next(prev) : rd(mm + mm_struct.mmap)) as Vma
  k.munlockBeforeUnmap(mm, vma, end)
  const gone: Vma[] = []
  while (vma !== NULL && rd(vma + vm_start) < end) {
    const after = next(vma)
    vma_unlink(mm, vma)
    gone.push(vma)
    vma = after
  }
  k.unmap_region(mm, gone, prev, vma, start, end)
  for (const v of gone) k.remove_vma(v)
  return 0
}

/** While its vmas are still on the list, locked memory up to `end` is munlocked. */
export function munlockBeforeUnmap(mm: Mm, vma: Vma, end: number): void {
  if (rd(mm + mm_struct.locked_vm) === 0) return
  for (let v = vma; v !== NULL && rd(v + vm_start) < end; v = next(v)) {
    if (!(rd(v + vm_flags) & VM_LOCKED)) continue
    wr(mm + mm_struct.locked_vm, rd(mm + mm_struct.locked_vm) - (rd(v + vm_end) - rd(v + vm_start)))
    k.munlock_vma_pages_all(v)
  }
}

/** Zaps vmas that are off the list already, between the neighbours `prev` and `after`. */
export function unmap_region(mm: Mm, gone: readonly Vma[], prev: Vma, after: Vma, start: number, end: number): void {
  const tlb: Gather = []
  k.lru_add_drain()
  for (const vma of gone)
    k.unmap_single_vma(tlb, vma, Math.max(start, rd(vma + vm_start)), Math.min(end, rd(vma + vm_end)))
  free_pgtables(mm, gone, prev === NULL ? 0 : rd(prev + vm_end), after === NULL ? task_size() : rd(after + vm_start))
  k.tlb_finish_mmu(tlb)
}

function free_pgtables(mm: Mm, gone: readonly Vma[], floor: number, ceiling: number): void {
  for (const vma of gone) {
    k.unlink_anon_vmas(vma)
    k.unlink_file_vma(vma)
  }
  if (gone.length === 0) return
  k.free_pgd_range(mm, rd(gone[0]! + vm_start), rd(gone.at(-1)! + vm_end), floor, ceiling)
}

/** The last user of the address space is gone: everything it mapped goes, then the tables. */
export function exit_mmap(mm: Mm): void {
  k.munlockBeforeUnmap(mm, rd(mm + mm_struct.mmap) as Vma, task_size())
  const gone: Vma[] = []
  for (let vma = rd(mm + mm_struct.mmap) as Vma; vma !== NULL; vma = next(vma)) gone.push(vma)
  const tlb: Gather = []
  // Always: a real process has its text and stack mapped, whatever the case has left of its ranges.
  k.lru_add_drain()
  for (const vma of gone) k.unmap_single_vma(tlb, vma, rd(vma + vm_start), rd(vma + vm_end))
  free_pgtables(mm, gone, 0, task_size())
  k.tlb_finish_mmu(tlb)
  wr(mm + mm_struct.mmap, 0)
  for (const vma of gone) k.remove_vma(vma)
}

/** mmap(2), MAP_PRIVATE | MAP_ANONYMOUS at `addr`, which is free: the engine chose it or munmapped it. */
export function sys_mmap(mm: Mm, addr: number, len: number, flags: number): void {
  down_write(mm + mm_struct.mmap_sem)
  // MAP_LOCKED stands in `flags` already, what mlockall wants of the future comes here.
  const vm_flags = flags | rd(mm + mm_struct.def_flags)
  k.mmap_region(mm, addr, len, vm_flags)
  up_write(mm + mm_struct.mmap_sem)
  if (vm_flags & VM_LOCKED) k.__mm_populate(mm, addr, len, true)
}

export function sys_munmap(mm: Mm, addr: number, len: number): number {
  down_write(mm + mm_struct.mmap_sem)
  const error = k.do_munmap(mm, addr, len)
  up_write(mm + mm_struct.mmap_sem)
  return error
}
