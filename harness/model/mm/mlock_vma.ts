// mlock(2), munlock(2), mlockall(2), munlockall(2): flags of vmas, and the walk that munlocks their pages (the rest of
// mm/mlock.c, v4.5). Nobody is short of RLIMIT_MEMLOCK: processes have CAP_IPC_LOCK.

import { file_inode } from '../fs/inode.ts'
import { k } from '../kernel.ts'
import { again, down_write, loop, up_write } from '../ops.ts'
import { rd, wr } from '../store.ts'
import { EAGAIN, EFAULT, ENOMEM, IS_ERR } from './errno.ts'
import { is_vm_hugetlb_page } from './hugetlb_hstate.ts'
import {
  FOLL_DUMP,
  FOLL_GET,
  type Mm,
  mm_struct,
  NULL,
  type Page,
  VM_LOCKED,
  VM_LOCKED_CLEAR_MASK,
  VM_LOCKONFAULT,
  VM_SPECIAL,
  type Vma,
  vm_area,
} from './mm_types.ts'
import { set_vm_flags } from './mmap_vma.ts'
import { lock_page, PageMlocked, PageTail, PageTransHuge, put_page, unlock_page, VM_BUG_ON_PAGE } from './page-flags.ts'
import { task_size } from './pgtable.ts'
import { load_int, local_int } from './stack.ts'

const { vm_start, vm_end, vm_flags, vm_pgoff, vm_next, vm_prev } = vm_area

/** Munlocks every page of start..end, and takes VM_LOCKED from the vma. Caller holds mmap_sem for writing, or exits. */
export function munlock_vma_pages_range(vma: Vma, start: number, end: number): void {
  set_vm_flags(vma, rd(vma + vm_flags) & VM_LOCKED_CLEAR_MASK)
  const here = loop()
  while (start < end) {
    again(here, start)
    const page_mask = local_int(0)
    const page = k.follow_page_mask(vma, start, FOLL_GET | FOLL_DUMP, page_mask)
    let mask = load_int(page_mask)
    if (page !== NULL && !IS_ERR(page)) {
      if (PageTail(page)) {
        VM_BUG_ON_PAGE(PageMlocked(page), page, 'PageMlocked(page)')
        put_page(page)
      } else if (PageTransHuge(page)) {
        lock_page(page)
        // It may be split by now, so its size counts, not that of the entry.
        mask = k.munlock_vma_page(page)
        unlock_page(page)
        put_page(page)
      } else {
        start = munlockBasePages(page, vma, start, end)
        continue
      }
    }
    start += 1 + mask
  }
  again(here, end)
}

/** A base page and those behind it, as a pagevec takes them. Returns where the walk goes on. */
export function munlockBasePages(page: Page, vma: Vma, start: number, end: number): number {
  const pvec = [page]
  const next = k.__munlock_pagevec_fill(pvec, vma, start, end)
  k.__munlock_pagevec(pvec)
  return next
}

export function munlock_vma_pages_all(vma: Vma): void {
  k.munlock_vma_pages_range(vma, rd(vma + vm_start), rd(vma + vm_end))
}

/**
 * New locking flags for start..end of one vma; returns the vma that then ends there. Caller holds mmap_sem for writing.
 */
export function mlock_fixup(vma: Vma, prev: Vma, start: number, end: number, newflags: number): Vma {
  // Also memory of devices, and huge pages, which do not move.
  if (newflags === rd(vma + vm_flags) || rd(vma + vm_flags) & VM_SPECIAL || is_vm_hugetlb_page(vma)) return vma
  const mm = rd(vma + vm_area.vm_mm) as Mm
  const pgoff = rd(vma + vm_pgoff) + start - rd(vma + vm_start)
  const merged = k.vma_merge(mm, prev, start, end, newflags, rd(vma + vm_area.anon_vma), pgoff, file_inode(vma))
  if (merged !== NULL) {
    vma = merged
  } else {
    if (start !== rd(vma + vm_start)) k.__split_vma(vma, start, true)
    if (end !== rd(vma + vm_end)) k.__split_vma(vma, end, false)
  }
  const lock = (newflags & VM_LOCKED) !== 0
  wr(mm + mm_struct.locked_vm, rd(mm + mm_struct.locked_vm) + (lock ? end - start : start - end))
  if (lock) set_vm_flags(vma, newflags)
  else k.munlock_vma_pages_range(vma, start, end)
  return vma
}

/** Returns -ENOMEM at the first hole; what lies before it has changed. Caller holds mmap_sem for writing. */
export function apply_vma_lock_flags(mm: Mm, start: number, len: number, flags: number): number {
  const end = start + len
  let vma = k.find_vma(mm, start)
  if (vma === NULL || rd(vma + vm_start) > start) return -ENOMEM
  let prev = (start > rd(vma + vm_start) ? vma : rd(vma + vm_prev)) as Vma
  for (let nstart = start; ; ) {
    const newflags = (rd(vma + vm_flags) & VM_LOCKED_CLEAR_MASK) | flags
    const to = Math.min(rd(vma + vm_end), end)
    prev = k.mlock_fixup(vma, prev, nstart, to, newflags)
    nstart = Math.max(to, rd(prev + vm_end))
    if (nstart >= end) return 0
    vma = rd(prev + vm_next) as Vma
    if (vma === NULL || rd(vma + vm_start) !== nstart) return -ENOMEM
  }
}

/** mlock(2) and mlock2(2): `flags` is VM_LOCKED, with VM_LOCKONFAULT for MLOCK_ONFAULT. */
export function do_mlock(mm: Mm, start: number, len: number, flags: number): number {
  k.lru_add_drain_all()
  down_write(mm + mm_struct.mmap_sem)
  const error = k.apply_vma_lock_flags(mm, start, len, flags)
  up_write(mm + mm_struct.mmap_sem)
  return error !== 0 ? error : __mlock_posix_error_return(k.__mm_populate(mm, start, len, false))
}

/** What POSIX wants to hear. */
export function __mlock_posix_error_return(error: number): number {
  if (error === -EFAULT) return -ENOMEM
  return error === -ENOMEM ? -EAGAIN : error
}

export const sys_mlock = (mm: Mm, start: number, len: number): number => k.do_mlock(mm, start, len, VM_LOCKED)

/** mlock2(2) with MLOCK_ONFAULT. */
export const sys_mlock_onfault = (mm: Mm, start: number, len: number): number =>
  k.do_mlock(mm, start, len, VM_LOCKED | VM_LOCKONFAULT)

export function sys_munlock(mm: Mm, start: number, len: number): number {
  down_write(mm + mm_struct.mmap_sem)
  const error = k.apply_vma_lock_flags(mm, start, len, 0)
  up_write(mm + mm_struct.mmap_sem)
  return error
}

export const MCL_CURRENT = 1
export const MCL_FUTURE = 2
export const MCL_ONFAULT = 4

/** Caller holds mmap_sem for writing. `flags` 0 is munlockall. */
export function apply_mlockall_flags(mm: Mm, flags: number): void {
  const kind = flags & MCL_ONFAULT ? VM_LOCKED | VM_LOCKONFAULT : VM_LOCKED
  const old = rd(mm + mm_struct.def_flags) & VM_LOCKED_CLEAR_MASK
  wr(mm + mm_struct.def_flags, flags & MCL_FUTURE ? old | kind : old)
  if (flags & MCL_FUTURE && !(flags & MCL_CURRENT)) return
  const to_add = flags & MCL_CURRENT ? kind : 0
  let prev = NULL as Vma
  for (let vma = rd(mm + mm_struct.mmap) as Vma; vma !== NULL; vma = rd(prev + vm_next) as Vma) {
    const newflags = (rd(vma + vm_flags) & VM_LOCKED_CLEAR_MASK) | to_add
    prev = k.mlock_fixup(vma, prev, rd(vma + vm_start), rd(vma + vm_end), newflags)
  }
}

export function sys_mlockall(mm: Mm, flags: number): void {
  if (flags & MCL_CURRENT) k.lru_add_drain_all()
  down_write(mm + mm_struct.mmap_sem)
  k.apply_mlockall_flags(mm, flags)
  up_write(mm + mm_struct.mmap_sem)
  if (flags & MCL_CURRENT) k.__mm_populate(mm, 0, task_size(), true)
}

export function sys_munlockall(mm: Mm): void {
  down_write(mm + mm_struct.mmap_sem)
  k.apply_mlockall_flags(mm, 0)
  up_write(mm + mm_struct.mmap_sem)
}
