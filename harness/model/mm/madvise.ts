// madvise(2) (mm/madvise.c, v4.5): flags of a vma, and dropping what stands in a range.

import { file_inode, fput, get_file, i_data, shmem_mapping } from '../fs/inode.ts'
import { k } from '../kernel.ts'
import { down_read, down_write, spin_lock, spin_unlock, up_read, up_write } from '../ops.ts'
import { rd } from '../store.ts'
import { EACCES, EINVAL, ENOMEM, IS_ERR } from './errno.ts'
import {
  type Mm,
  mm_struct,
  NULL,
  type Pte,
  VM_DONTCOPY,
  VM_HUGEPAGE,
  VM_HUGETLB,
  VM_LOCKED,
  VM_MAYSHARE,
  VM_NOHUGEPAGE,
  VM_SHARED,
  VM_SPECIAL,
  VM_WRITE,
  type Vma,
  vm_area,
} from './mm_types.ts'
import { page_cache_release } from './page-flags.ts'
import { pte_lockptr, pte_offset, read_pmd } from './pgtable.ts'
import { mm_find_pmd } from './rmap_walk.ts'
import { is_swap_entry, pte_to_swp_entry } from './swapops.ts'

type Behavior = 'hugepage' | 'nohugepage' | 'dontfork' | 'dofork'
export type Advice = Behavior | 'dontneed' | 'free' | 'remove' | 'willneed' | 'hwpoison' | 'soft-offline'

type VmaAdvice = Exclude<Advice, 'hwpoison' | 'soft-offline'>

/** Flags that an advice sets and clears. */
const behavior: Readonly<Record<Behavior, readonly [set: number, clear: number]>> = {
  hugepage: [VM_HUGEPAGE, VM_NOHUGEPAGE],
  nohugepage: [VM_NOHUGEPAGE, VM_HUGEPAGE],
  dontfork: [VM_DONTCOPY, 0],
  dofork: [0, VM_DONTCOPY],
}

/** 0 or an error. Caller holds mmap_sem for writing. */
export function madvise_behavior(vma: Vma, start: number, end: number, advice: Behavior): number {
  const [set, clear] = behavior[advice]
  // hugepage_madvise: VM_NO_THP
  if ((set | clear) & VM_HUGEPAGE && rd(vma + vm_area.vm_flags) & (VM_SPECIAL | VM_HUGETLB | VM_SHARED | VM_MAYSHARE))
    return -EINVAL
  const flags = (rd(vma + vm_area.vm_flags) & ~clear) | set
  if (flags === rd(vma + vm_area.vm_flags)) return 0
  const changed = k.setVmaFlags(vma, start, end, flags)
  return IS_ERR(changed) ? changed : 0
}

/**
 * A hole in the file where its memory is, for all who map it: 0 or an error. Caller holds mmap_sem for reading; it is
 * dropped and taken again.
 */
export function madvise_remove(vma: Vma, start: number, end: number): number {
  const flags = rd(vma + vm_area.vm_flags)
  if (flags & VM_LOCKED) return -EINVAL
  const file = file_inode(vma)
  if (file === NULL) return -EINVAL
  if ((flags & (VM_SHARED | VM_WRITE)) !== (VM_SHARED | VM_WRITE)) return -EACCES
  const offset = start - rd(vma + vm_area.vm_start) + rd(vma + vm_area.vm_pgoff)
  const mm = rd(vma + vm_area.vm_mm) as Mm
  get_file(file)
  up_read(mm + mm_struct.mmap_sem)
  const error = k.vfs_punch_hole(file, offset, end - start)
  fput(file)
  down_read(mm + mm_struct.mmap_sem)
  return error
}

/**
 * Anonymous memory and files of tmpfs: what is swapped out comes back into the swap cache, and is mapped when it is
 * touched. Files of hugetlbfs cannot be read ahead, which is no error. Caller holds mmap_sem for reading.
 */
export function madvise_willneed(vma: Vma, start: number, end: number): number {
  const file = file_inode(vma)
  const offset = rd(vma + vm_area.vm_pgoff) - rd(vma + vm_area.vm_start)
  if (file === NULL) k.force_swapin_readahead(vma, start, end)
  else if (shmem_mapping(i_data(file))) k.force_shm_swapin_readahead(i_data(file), start + offset, end + offset)
  return 0
}

/** As madvise_willneed, of anonymous memory. */
export function force_swapin_readahead(vma: Vma, start: number, end: number): void {
  const mm = rd(vma + vm_area.vm_mm) as Mm
  for (let addr = start; addr < end; addr++) {
    const pmd = mm_find_pmd(mm, addr)
    if (pmd === NULL) continue
    // swapin_walk_pmd_entry: each entry is looked at under its lock, and read without.
    const table = read_pmd(pmd)
    spin_lock(pte_lockptr(table))
    const entry = rd(pte_offset(table, addr)) as Pte
    spin_unlock(pte_lockptr(table))
    if (!is_swap_entry(entry)) continue
    const page = k.read_swap_cache_async(pte_to_swp_entry(entry))
    if (page !== NULL) page_cache_release(page)
  }
  k.lru_add_drain()
}

/** 0, or the error that ends the call. Caller holds mmap_sem. */
export function madvise_vma(vma: Vma, start: number, end: number, advice: VmaAdvice): number {
  if (advice === 'willneed') return k.madvise_willneed(vma, start, end)
  if (advice === 'remove') return k.madvise_remove(vma, start, end)
  if (advice === 'free') return k.madvise_free(vma, start, end)
  if (advice === 'dontneed') return k.madvise_dontneed(vma, start, end)
  return k.madvise_behavior(vma, start, end, advice)
}

/** 0 or -EINVAL. Caller holds mmap_sem for reading. */
export function madvise_dontneed(vma: Vma, start: number, end: number): number {
  if (rd(vma + vm_area.vm_flags) & (VM_LOCKED | VM_HUGETLB)) return -EINVAL
  k.zap_page_range(vma, start, end)
  return 0
}

/** Returns -ENOMEM if a part of the range is not mapped: the rest has been advised all the same. */
export function sys_madvise(mm: Mm, addr: number, len: number, advice: Advice): number {
  if (advice === 'hwpoison' || advice === 'soft-offline')
    return k.madvise_hwpoison(mm, advice === 'soft-offline', addr, addr + len)
  // madvise_need_mmap_write
  const write = !['dontneed', 'free', 'remove', 'willneed'].includes(advice)
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
    const failed = k.madvise_vma(vma, start, to, advice)
    if (failed !== 0) {
      error = failed
      break
    }
    start = to
  }
  if (write) up_write(mm + mm_struct.mmap_sem)
  else up_read(mm + mm_struct.mmap_sem)
  return error
}
