// fallocate(2) of tmpfs (mm/shmem.c, v4.5): memory for a range of the file, or none. Who does it says so in the file,
// for those who meet him there: reclaim does not take what is new, and a fault does not fill a hole that is being made.

import { file_inode, i_data, i_lock, i_mutex, i_size_read, i_size_write, inode as struct_inode } from '../fs/inode.ts'
import { k } from '../kernel.ts'
import {
  atomic_inc,
  down_write as mutex_lock,
  up_write as mutex_unlock,
  prepare_to_wait,
  READ_ONCE,
  schedule,
  spin_lock,
  spin_unlock,
  up_read,
  WRITE_ONCE,
  wake_up,
} from '../ops.ts'
import { rd } from '../store.ts'
import { ENOMEM } from './errno.ts'
import {
  FAULT_FLAG_ALLOW_RETRY,
  type Inode,
  mm_struct,
  type Page,
  page as struct_page,
  VM_FAULT_NOPAGE,
  VM_FAULT_RETRY,
  type Vma,
  vm_area,
} from './mm_types.ts'
import { PageUptodate, SetPageDirty } from './page-flags.ts'
import { SGP_FALLOC, unlockAndRelease } from './shmem.ts'

/** What i_private says: shmem_falloc with a waitq is that of a hole. */
const FALLOCATING = 1
const PUNCHING = 2

function setPrivate(inode: Inode, what: number): void {
  spin_lock(i_lock(inode))
  WRITE_ONCE(inode + struct_inode.i_private, what)
  if (what === 0) wake_up(inode + struct_inode.falloc_waitq)
  spin_unlock(i_lock(inode))
}

function begin(inode: Inode, what: number, start: number, next: number): void {
  WRITE_ONCE(inode + struct_inode.falloc_start, start)
  WRITE_ONCE(inode + struct_inode.falloc_next, next)
  WRITE_ONCE(inode + struct_inode.nr_falloced, 0)
  WRITE_ONCE(inode + struct_inode.nr_unswapped, 0)
  setPrivate(inode, what)
}

/** Whether that is being done where `index` is. Caller holds i_lock. */
function isAt(inode: Inode, what: number, index: number): boolean {
  return (
    READ_ONCE(inode + struct_inode.i_private) === what &&
    index >= READ_ONCE(inode + struct_inode.falloc_start) &&
    index < READ_ONCE(inode + struct_inode.falloc_next)
  )
}

/**
 * fallocate(2), `offset` and `len` in base pages: every page of the range gets memory now. 0, or an error: then what is
 * new, and nobody has used, goes again. Takes i_mutex.
 */
export function shmem_fallocate(inode: Inode, offset: number, len: number, keep_size: boolean): number {
  mutex_lock(i_mutex(inode))
  begin(inode, FALLOCATING, offset, offset)
  let error = 0
  for (let index = offset; index < offset + len && error === 0; index++) {
    // Reclaim wants the memory that we are about to fill.
    const unswapped = READ_ONCE(inode + struct_inode.nr_unswapped) > READ_ONCE(inode + struct_inode.nr_falloced)
    error = unswapped ? -ENOMEM : fallocatePage(inode, index)
    if (error !== 0 && index > offset) k.shmem_undo_range(inode, offset, index, true)
  }
  if (error === 0 && !keep_size && offset + len > i_size_read(inode)) i_size_write(inode, offset + len)
  setPrivate(inode, 0)
  mutex_unlock(i_mutex(inode))
  return error
}

function fallocatePage(inode: Inode, index: number): number {
  const { page, error } = k.shmem_getpage(inode, index, SGP_FALLOC)
  if (error !== 0) return error
  atomic_inc(inode + struct_inode.falloc_next)
  if (!PageUptodate(page)) atomic_inc(inode + struct_inode.nr_falloced)
  // Reclaim shall not take it for a hole.
  SetPageDirty(page)
  unlockAndRelease(page)
  return 0
}

/**
 * The part of shmem_writepage about a page that is new: whether it has to stay, for it may have to go again. Caller
 * holds the page lock.
 */
export function isBeingFallocated(inode: Inode, page: Page): boolean {
  if (READ_ONCE(inode + struct_inode.i_private) === 0) return false
  spin_lock(i_lock(inode))
  const is = isAt(inode, FALLOCATING, rd(page + struct_page.index))
  if (is) atomic_inc(inode + struct_inode.nr_unswapped)
  spin_unlock(i_lock(inode))
  return is
}

/** FALLOC_FL_PUNCH_HOLE of base pages offset..offset+len; private copies stay. Takes i_mutex. */
export function shmem_punch_hole(inode: Inode, offset: number, len: number): number {
  mutex_lock(i_mutex(inode))
  begin(inode, PUNCHING, offset, offset + len)
  if (len > 0) k.unmap_mapping_range(i_data(inode), offset, offset + len, false)
  k.shmem_undo_range(inode, offset, offset + len, false)
  setPrivate(inode, 0)
  mutex_unlock(i_mutex(inode))
  return 0
}

/** Caller holds i_lock. */
export const isBeingPunched = (inode: Inode, pgoff: number): boolean => isAt(inode, PUNCHING, pgoff)

/**
 * The part of shmem_fault about a hole that is being made: waits until it is. 0: there is none; VM_FAULT_NOPAGE: try
 * again; VM_FAULT_RETRY: and mmap_sem was given up, which the caller holds for reading.
 */
export function waitForPunch(vma: Vma, pgoff: number, flags: number): number {
  const inode = file_inode(vma)
  const waitq = inode + struct_inode.falloc_waitq
  spin_lock(i_lock(inode))
  if (!isBeingPunched(inode, pgoff)) {
    spin_unlock(i_lock(inode))
    return 0
  }
  let ret = VM_FAULT_NOPAGE
  if (flags & FAULT_FLAG_ALLOW_RETRY) {
    up_read(rd(vma + vm_area.vm_mm) + mm_struct.mmap_sem)
    ret = VM_FAULT_RETRY
  }
  const prepared = prepare_to_wait(waitq)
  spin_unlock(i_lock(inode))
  schedule(waitq, prepared)
  finish_wait(inode)
  return ret
}

/** Not while who woke us is at it still. */
export function finish_wait(inode: Inode): void {
  spin_lock(i_lock(inode))
  spin_unlock(i_lock(inode))
}
