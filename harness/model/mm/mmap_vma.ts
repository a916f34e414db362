// Virtual memory areas (mm/mmap.c, v4.5): their list, and how they are split and merged.
//
// The list of a mm is ordered by address and guarded by mmap_sem; what rmap sees of a vma (start, end, pgoff)
// changes under the anon_vma lock too.

import { f_mapping, file_inode, fput, get_file } from '../fs/inode.ts'
import { k } from '../kernel.ts'
import { clear_bit, READ_ONCE, set_bit, WRITE_ONCE } from '../ops.ts'
import { rd, wr } from '../store.ts'
import { EINVAL, ERR_PTR } from './errno.ts'
import { hstate_vma, huge_page_mask, is_vm_hugetlb_page } from './hugetlb_hstate.ts'
import {
  i_mmap_lock_write,
  i_mmap_unlock_write,
  vma_interval_tree_insert,
  vma_interval_tree_remove,
} from './interval_tree.ts'
import {
  type AnonVma,
  anon_vma_chain,
  type Inode,
  type Mm,
  mm_struct,
  NULL,
  VM_READ,
  VM_SOFTDIRTY,
  VM_SPECIAL,
  VM_WRITE,
  type Vma,
  vm_area,
} from './mm_types.ts'
import { type Cache, kmem_cache_create_poisoned, kmem_cache_free, kmem_cache_zalloc } from './slab.ts'

export let vm_area_cachep: Cache

export function mmap_init(): void {
  vm_area_cachep = kmem_cache_create_poisoned('vm_area_struct', vm_area.SIZE)
}

const { vm_start, vm_end, vm_pgoff, vm_flags, vm_mm, vm_next, vm_prev } = vm_area
/** The vma behind it, or NULL. */
export const next = (vma: Vma): Vma => rd(vma + vm_next) as Vma

// ---- the list ----------------------------------------------------------------------------------------------------

/** The first vma that ends above `addr`, or NULL. */
export function find_vma(mm: Mm, addr: number): Vma {
  let vma = rd(mm + mm_struct.mmap) as Vma
  while (vma !== NULL && rd(vma + vm_end) <= addr) vma = next(vma)
  return vma
}

/** The last vma that starts below `addr`, or NULL. */
export function find_prev(mm: Mm, addr: number): Vma {
  let prev = NULL as Vma
  for (let vma = rd(mm + mm_struct.mmap) as Vma; vma !== NULL && rd(vma + vm_start) < addr; vma = next(vma)) prev = vma
  return prev
}

/** Links a vma behind `prev` (NULL: first). */
export function vma_link(mm: Mm, vma: Vma, prev: Vma): void {
  const after = (prev === NULL ? rd(mm + mm_struct.mmap) : next(prev)) as Vma
  wr(vma + vm_prev, prev)
  wr(vma + vm_next, after)
  if (prev === NULL) wr(mm + mm_struct.mmap, vma)
  else wr(prev + vm_next, vma)
  if (after !== NULL) wr(after + vm_prev, vma)
  wr(mm + mm_struct.map_count, rd(mm + mm_struct.map_count) + 1)
}

export function vma_unlink(mm: Mm, vma: Vma): void {
  const prev = rd(vma + vm_prev)
  const after = rd(vma + vm_next)
  if (prev === 0) wr(mm + mm_struct.mmap, after)
  else wr(prev + vm_next, after)
  if (after !== 0) wr(after + vm_prev, prev)
  wr(mm + mm_struct.map_count, rd(mm + mm_struct.map_count) - 1)
}

export function vm_area_alloc(mm: Mm, start: number, end: number, flags: number, pgoff: number): Vma {
  const vma = kmem_cache_zalloc(vm_area_cachep) as Vma
  wr(vma + vm_mm, mm)
  wr(vma + vm_start, start)
  wr(vma + vm_end, end)
  wr(vma + vm_flags, flags)
  wr(vma + vm_pgoff, pgoff)
  return vma
}

export const vm_area_free = (vma: Vma): void => kmem_cache_free(vm_area_cachep, vma)

/**
 * New flags for a vma. Only bits that change are written: who walks the rmap looks at others meanwhile, without
 * mmap_sem. Caller holds mmap_sem for writing.
 */
export function set_vm_flags(vma: Vma, flags: number): void {
  const old = rd(vma + vm_flags)
  if (flags & ~old) set_bit(vma + vm_flags, flags & ~old)
  if (old & ~flags) clear_bit(vma + vm_flags, old & ~flags)
}

// ---- splitting and merging ---------------------------------------------------------------------------------------

/**
 * Moves the borders of `vma` to start..end. The next vma gives way or is swallowed, unless `insert`, which takes
 * over what vma gives up, is linked beside it. Caller holds mmap_sem for writing.
 */
export function vma_adjust(vma: Vma, start: number, end: number, pgoff: number, insert: Vma): void {
  const mm = rd(vma + vm_mm) as Mm
  let after = next(vma)
  let adjust_next = 0
  let remove_next = false
  if (after !== NULL && insert === NULL) {
    let exporter = NULL as Vma
    let importer = NULL as Vma
    if (end >= rd(after + vm_end)) {
      remove_next = true
      exporter = after
      importer = vma
    } else if (end > rd(after + vm_start)) {
      adjust_next = end - rd(after + vm_start)
      exporter = after
      importer = vma
    } else if (end < rd(vma + vm_end)) {
      adjust_next = -(rd(vma + vm_end) - end)
      exporter = vma
      importer = after
    }
    if (exporter !== NULL && rd(exporter + vm_area.anon_vma) !== 0 && rd(importer + vm_area.anon_vma) === 0) {
      wr(importer + vm_area.anon_vma, rd(exporter + vm_area.anon_vma))
      k.anon_vma_clone(importer, exporter)
    }
  }
  const swallowed = remove_next ? rd(after + vm_end) : end
  k.vma_adjust_trans_huge(vma, start, swallowed, adjust_next)
  const av = (rd(vma + vm_area.anon_vma) || (adjust_next !== 0 ? rd(after + vm_area.anon_vma) : 0)) as AnonVma
  const file = file_inode(vma)
  if (file !== NULL) i_mmap_lock_write(f_mapping(vma))
  if (file !== NULL && insert !== NULL) vma_interval_tree_insert(insert, f_mapping(vma))
  if (av !== NULL) k.anon_vma_lock_write(av)
  wr(vma + vm_start, start)
  wr(vma + vm_end, swallowed)
  wr(vma + vm_pgoff, pgoff)
  if (adjust_next !== 0) {
    wr(after + vm_start, rd(after + vm_start) + adjust_next)
    wr(after + vm_pgoff, rd(after + vm_pgoff) + adjust_next)
  }
  if (remove_next && file !== NULL) vma_interval_tree_remove(after, f_mapping(vma))
  if (remove_next) vma_unlink(mm, after)
  else if (insert !== NULL) vma_link(mm, insert, rd(insert + vm_start) < start ? (rd(vma + vm_prev) as Vma) : vma)
  if (av !== NULL) k.anon_vma_unlock_write(av)
  if (file !== NULL) i_mmap_unlock_write(f_mapping(vma))
  if (!remove_next) return
  if (file !== NULL) fput(file)
  if (rd(after + vm_area.anon_vma) !== 0) k.unlink_anon_vmas(after)
  vm_area_free(after)
  // mprotect's case 6: the vma reaches over the one after, too.
  after = next(vma)
  if (end > swallowed) vma_adjust(vma, start, end, pgoff, NULL)
}

/**
 * Cuts a vma at `addr`; the new piece lies below it or above. -EINVAL inside a huge page of hugetlb. Caller holds
 * mmap_sem for writing.
 */
export function __split_vma(vma: Vma, addr: number, new_below: boolean): number {
  if (is_vm_hugetlb_page(vma) && addr & ~huge_page_mask(hstate_vma(vma))) return -EINVAL
  const mm = rd(vma + vm_mm) as Mm
  const start = rd(vma + vm_start)
  const end = rd(vma + vm_end)
  const pgoff = rd(vma + vm_pgoff)
  const above = pgoff + addr - start
  const piece = new_below
    ? vm_area_alloc(mm, start, addr, rd(vma + vm_flags), pgoff)
    : vm_area_alloc(mm, addr, end, rd(vma + vm_flags), above)
  wr(piece + vm_area.anon_vma, rd(vma + vm_area.anon_vma))
  wr(piece + vm_area.vm_file, file_inode(vma))
  k.anon_vma_clone(piece, vma)
  if (file_inode(vma) !== NULL) {
    get_file(file_inode(vma))
    WRITE_ONCE(piece + vm_area.vm_private_data, READ_ONCE(vma + vm_area.vm_private_data))
    if (is_vm_hugetlb_page(piece)) k.hugetlb_vm_op_open(piece)
  }
  if (new_below) k.vma_adjust(vma, addr, end, above, piece)
  else k.vma_adjust(vma, start, addr, pgoff, piece)
  return 0
}

const list_is_singular = (vma: Vma): boolean =>
  rd(vma + vm_area.avc_first) !== 0 && rd(rd(vma + vm_area.avc_first) + anon_vma_chain.older) === 0

/**
 * An empty list is not singular (include/linux/list.h): a piece with pages does not merge into a vma that was never
 * faulted, though a piece without merges into one that was.
 */
function is_mergeable_anon_vma(a: number, b: number, vma: Vma): boolean {
  if ((a === 0 || b === 0) && (vma === NULL || list_is_singular(vma))) return true
  return a === b
}

function can_vma_merge(vma: Vma, flags: number, av: number, pgoff: number, file: Inode): boolean {
  return (
    file_inode(vma) === file &&
    ((rd(vma + vm_flags) ^ flags) & ~VM_SOFTDIRTY) === 0 &&
    is_mergeable_anon_vma(av, rd(vma + vm_area.anon_vma), vma) &&
    pgoff === rd(vma + vm_pgoff)
  )
}

/** What a vma that ends where `vma` starts must have as its page offset's end: the same, for anonymous memory. */
const pgoffAfter = (vma: Vma): number => rd(vma + vm_end) - rd(vma + vm_start)

/**
 * A piece addr..end with these flags: can it be part of a neighbour? Returns the vma that then holds it, or NULL.
 * The cases are those of the picture above vma_merge in mm/mmap.c. Caller holds mmap_sem for writing.
 */
export function vma_merge(
  mm: Mm,
  prev: Vma,
  addr: number,
  end: number,
  flags: number,
  av: number,
  pgoff: number,
  file: Inode = NULL,
): Vma {
  if (flags & VM_SPECIAL) return NULL
  let after = (prev !== NULL ? next(prev) : rd(mm + mm_struct.mmap)) as Vma
  const area = after
  if (after !== NULL && rd(after + vm_end) === end) after = next(after)
  const joinsNext =
    after !== NULL && end === rd(after + vm_start) && can_vma_merge(after, flags, av, pgoff + end - addr, file)
  if (prev !== NULL && rd(prev + vm_end) === addr && can_vma_merge(prev, flags, av, pgoff - pgoffAfter(prev), file)) {
    const both = joinsNext && is_mergeable_anon_vma(rd(prev + vm_area.anon_vma), rd(after + vm_area.anon_vma), NULL)
    k.vma_adjust(prev, rd(prev + vm_start), both ? rd(after + vm_end) : end, rd(prev + vm_pgoff), NULL)
    return prev
  }
  if (!joinsNext) return NULL
  if (prev !== NULL && addr < rd(prev + vm_end))
    k.vma_adjust(prev, rd(prev + vm_start), addr, rd(prev + vm_pgoff), NULL)
  else k.vma_adjust(area, addr, rd(after + vm_end), rd(after + vm_pgoff) - (end - addr), NULL)
  // Case 8 swallowed the neighbour; case 3 and 4 grew it.
  return find_vma(mm, addr)
}

/** A neighbour's anon_vma that a first page of `vma` may use, so that the two can merge again; or NULL. */
export function find_mergeable_anon_vma(vma: Vma): AnonVma {
  const after = next(vma)
  const prev = rd(vma + vm_prev) as Vma
  return ((after !== NULL && reusable_anon_vma(after, vma, after)) ||
    (prev !== NULL && reusable_anon_vma(prev, prev, vma)) ||
    NULL) as AnonVma
}

function reusable_anon_vma(old: Vma, a: Vma, b: Vma): number {
  const differs = (rd(a + vm_flags) ^ rd(b + vm_flags)) & ~(VM_READ | VM_WRITE | VM_SOFTDIRTY)
  const compatible =
    rd(a + vm_end) === rd(b + vm_start) &&
    differs === 0 &&
    file_inode(a) === file_inode(b) &&
    rd(b + vm_pgoff) === rd(a + vm_pgoff) + rd(b + vm_start) - rd(a + vm_start)
  return compatible && list_is_singular(old) ? rd(old + vm_area.anon_vma) : 0
}

/**
 * New flags for start..end, cutting the vma where it is not the whole (the common part of mprotect_fixup and
 * madvise_behavior). Returns the vma that holds start..end, or an error. Caller holds mmap_sem for writing.
 */
export function setVmaFlags(vma: Vma, start: number, end: number, flags: number): Vma {
  const mm = rd(vma + vm_mm) as Mm
  const pgoff = rd(vma + vm_pgoff) + start - rd(vma + vm_start)
  const prev = (start > rd(vma + vm_start) ? vma : rd(vma + vm_prev)) as Vma
  const merged = k.vma_merge(mm, prev, start, end, flags, rd(vma + vm_area.anon_vma), pgoff, file_inode(vma))
  if (merged !== NULL) {
    set_vm_flags(merged, flags)
    return merged
  }
  let error = 0
  if (start !== rd(vma + vm_start)) error = k.__split_vma(vma, start, true)
  if (error === 0 && end !== rd(vma + vm_end)) error = k.__split_vma(vma, end, false)
  if (error !== 0) return ERR_PTR(error)
  set_vm_flags(vma, flags)
  return vma
}
