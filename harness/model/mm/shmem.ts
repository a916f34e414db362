// Shared memory: files of tmpfs, which shared anonymous memory is, too (mm/shmem.c, v4.5). A page belongs to the file,
// at its index in the page cache, whoever maps it.

import { alloc_inode, file_inode, i_data, i_size_read, i_size_write, inode as struct_inode } from '../fs/inode.ts'
import { k } from '../kernel.ts'
import { READ_ONCE, WRITE_ONCE } from '../ops.ts'
import { wr } from '../store.ts'
import { EEXIST, EINVAL, ENOMEM } from './errno.ts'
import { delete_from_page_cache, find_lock_entry, radix_tree_exceptional_entry, replaceEntry } from './filemap.ts'
import type { Faulted } from './memory_file.ts'
import {
  type AddressSpace,
  type Inode,
  NULL,
  type Page,
  page as struct_page,
  VM_FAULT_MAJOR,
  VM_FAULT_OOM,
  VM_FAULT_SIGBUS,
  type Vma,
} from './mm_types.ts'
import { alloc_page } from './page_alloc.ts'
import {
  ClearPageDirty,
  lock_page,
  PageUptodate,
  page_cache_get,
  page_cache_release,
  SetPageSwapBacked,
  SetPageUptodate,
  set_page_content,
  unlock_page,
} from './page-flags.ts'
import { count_vm_event, PGMAJFAULT } from './vmstat.ts'

/** What a page is wanted for: see enum sgp_type of include/linux/shmem_fs.h. */
export const SGP_CACHE = 1
export const SGP_FALLOC = 4

/** An empty file of tmpfs, with one reference: that of its directory entry, or of who made it. */
export const shmem_get_inode = (): Inode => alloc_inode(NULL, NULL, NULL)

/** A file of `size` base pages that nobody can open. Returns it with a reference. */
export function shmem_file_setup(size: number): Inode {
  const inode = k.shmem_get_inode()
  i_size_write(inode, size)
  return inode
}

/**
 * A page joins the file, with a reference, where it has `expected` (NULL: nothing); 0, or -EEXIST. Caller holds the
 * page lock.
 */
export function shmem_add_to_page_cache(p: Page, mapping: AddressSpace, index: number, expected: Page): number {
  page_cache_get(p)
  WRITE_ONCE(p + struct_page.mapping, mapping)
  wr(p + struct_page.index, index)
  if (replaceEntry(p, mapping, index, expected)) return 0
  WRITE_ONCE(p + struct_page.mapping, 0)
  page_cache_release(p)
  return -EEXIST
}

/**
 * What shmem_getpage found: a page with a reference, locked; or NULL, and why. VM_FAULT_MAJOR: the device was asked.
 */
export interface Got {
  readonly page: Page
  readonly error: number
  readonly fault_type: number
}

/**
 * The page at an index of the file, with a reference and locked: if it has none, allocated, and brought back if it is
 * in swap. Beyond its end -EINVAL, but not to fallocate. May sleep.
 */
export function shmem_getpage(inode: Inode, index: number, sgp: number): Got {
  let fault_type = 0
  for (;;) {
    const found = find_lock_entry(i_data(inode), index)
    const swapped = radix_tree_exceptional_entry(found)
    if (beyondEnd(inode, index, sgp)) {
      if (found !== NULL && !swapped) unlockAndRelease(found)
      return { page: NULL, error: -EINVAL, fault_type }
    }
    let { page, error }: Got = { page: found, error: 0, fault_type }
    if (swapped) {
      const got = k.shmemSwapin(inode, index, found)
      fault_type |= got.fault_type
      page = got.page
      error = got.error
    } else if (found === NULL) {
      const got = k.shmemAlloc(inode, index)
      page = got.page
      error = got.error
    }
    if (error === -EEXIST) continue
    // What fallocate has made stays as it is; what an earlier one has made is from now on no more to be undone.
    const isNew = found === NULL && error === 0
    if (error === 0 && !(isNew && sgp === SGP_FALLOC) && !PageUptodate(page)) clear_highpage(page)
    if (error !== 0 || found === page || !beyondEnd(inode, index, sgp)) return { page, error, fault_type }
    // The file was truncated since we looked.
    if (isNew) {
      ClearPageDirty(page)
      delete_from_page_cache(page)
    }
    unlockAndRelease(page)
    return { page: NULL, error: -EINVAL, fault_type }
  }
}

/**
 * What nobody has used yet: the kernel lets what fallocate makes wait for its first use. Caller holds the page lock.
 */
export function clear_highpage(page: Page): void {
  set_page_content(page, 0)
  SetPageUptodate(page)
}

const beyondEnd = (inode: Inode, index: number, sgp: number): boolean =>
  sgp !== SGP_FALLOC && index >= i_size_read(inode)

/** The part of shmem_getpage about a hole: a new page. -EEXIST: somebody else was first, so look again. */
export function shmemAlloc(inode: Inode, index: number): Got {
  const page = alloc_page()
  if (page === NULL) return { page, error: -ENOMEM, fault_type: 0 }
  SetPageSwapBacked(page)
  lock_page(page)
  if (k.shmem_add_to_page_cache(page, i_data(inode), index, NULL) !== 0) {
    unlockAndRelease(page)
    return { page: NULL, error: -EEXIST, fault_type: 0 }
  }
  // lru_cache_add_anon
  k.__lru_cache_add(page)
  return { page, error: 0, fault_type: 0 }
}

export function unlockAndRelease(page: Page): void {
  unlock_page(page)
  page_cache_release(page)
}

/** The page for a fault at `pgoff`. Caller holds mmap_sem for reading. */
export function shmem_fault(vma: Vma, pgoff: number, flags: number): Faulted {
  const inode = file_inode(vma)
  if (READ_ONCE(inode + struct_inode.i_private) !== 0) {
    const ret = k.waitForPunch(vma, pgoff, flags)
    if (ret !== 0) return { page: NULL, ret }
  }
  const { page, error, fault_type } = k.shmem_getpage(inode, pgoff, SGP_CACHE)
  if (error !== 0) return { page, ret: error === -ENOMEM ? VM_FAULT_OOM : VM_FAULT_SIGBUS }
  if (fault_type & VM_FAULT_MAJOR) count_vm_event(PGMAJFAULT)
  return { page, ret: 0 }
}
