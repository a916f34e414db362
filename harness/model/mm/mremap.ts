// mremap(2) to another place (mm/mremap.c, v4.5): page tables move, pages and their reverse mapping stay as they are.

import { f_mapping, file_inode, get_file, vma_is_anonymous } from '../fs/inode.ts'
import { k } from '../kernel.ts'
import { down_write, spin_lock, spin_unlock, up_write } from '../ops.ts'
import { rd, wr } from '../store.ts'
import { EFAULT, EINVAL } from './errno.ts'
import { is_vm_hugetlb_page } from './hugetlb_hstate.ts'
import { HPAGE_PMD_NR } from './init.ts'
import { i_mmap_lock_write, i_mmap_unlock_write } from './interval_tree.ts'
import { pmd_addr_end } from './memory_range.ts'
import type { AnonVma } from './mm_types.ts'
import { type Mm, mm_struct, NULL, type Pmd, type Pmdp, type Pte, VM_LOCKED, type Vma, vm_area } from './mm_types.ts'
import { __vma_link_file } from './mmap_file.ts'
import { vm_area_alloc, vma_link } from './mmap_vma.ts'
import {
  pmd_alloc,
  pmd_none,
  pmd_offset,
  pmd_trans_huge,
  pte_lockptr,
  pte_none,
  pte_offset,
  read_pmd,
  SOFT_DIRTY,
  set_pte,
} from './pgtable.ts'

/** What copy_vma says beside the vma: what is left of its source, and whether rmap could miss a page while it moves. */
export interface Copied {
  readonly vma: Vma
  readonly source: Vma
  readonly need_rmap_locks: boolean
}

/**
 * A vma for the new place, with the old page offsets so that rmap finds the moved pages. Caller holds mmap_sem for
 * writing.
 */
export function copy_vma(vma: Vma, addr: number, len: number, from: number): Copied {
  const mm = rd(vma + vm_area.vm_mm) as Mm
  const keeps = rd(vma + vm_area.anon_vma) !== 0 || !vma_is_anonymous(vma)
  const pgoff = keeps ? rd(vma + vm_area.vm_pgoff) + from - rd(vma + vm_area.vm_start) : addr
  const flags = rd(vma + vm_area.vm_flags)
  const start = rd(vma + vm_area.vm_start)
  const after = k.find_vma(mm, addr)
  const prev = lastBefore(mm, addr)
  const merged = k.vma_merge(mm, prev, addr, addr + len, flags, rd(vma + vm_area.anon_vma), pgoff, file_inode(vma))
  if (merged !== NULL) {
    // A source without pages may have been swallowed by the vma for the new place.
    const swallowed = start >= rd(merged + vm_area.vm_start) && start < rd(merged + vm_area.vm_end)
    const source = swallowed ? merged : vma
    return { vma: merged, source, need_rmap_locks: rd(merged + vm_area.vm_pgoff) <= rd(source + vm_area.vm_pgoff) }
  }
  const fresh = vm_area_alloc(mm, addr, addr + len, flags, pgoff)
  wr(fresh + vm_area.anon_vma, rd(vma + vm_area.anon_vma))
  k.anon_vma_clone(fresh, vma)
  if (!vma_is_anonymous(vma)) {
    get_file(file_inode(vma))
    wr(fresh + vm_area.vm_file, file_inode(vma))
  }
  vma_link(mm, fresh, after === NULL ? prev : (rd(after + vm_area.vm_prev) as Vma))
  __vma_link_file(fresh)
  return { vma: fresh, source: vma, need_rmap_locks: false }
}

function lastBefore(mm: Mm, addr: number): Vma {
  let prev = NULL as Vma
  for (
    let v = rd(mm + mm_struct.mmap) as Vma;
    v !== NULL && rd(v + vm_area.vm_start) < addr;
    v = rd(v + vm_area.vm_next) as Vma
  )
    prev = v
  return prev
}

/**
 * Moves the entries of from..from+len to `to`; a huge PMD moves whole where both places are aligned, else it is split.
 */
export function move_page_tables(
  vma: Vma,
  from: number,
  new_vma: Vma,
  to: number,
  len: number,
  need_rmap_locks: boolean,
): void {
  const mm = rd(vma + vm_area.vm_mm) as Mm
  const end = from + len
  let extent = 0
  for (let addr = from; addr < end; addr += extent) {
    const dest = to + addr - from
    extent = pmd_addr_end(addr, end) - addr
    const old_pmd = pmd_offset(mm, addr)
    if (old_pmd === NULL || pmd_none(read_pmd(old_pmd))) continue
    const new_pmd = pmd_alloc(mm, dest)
    if (pmd_trans_huge(read_pmd(old_pmd))) {
      if (
        extent === HPAGE_PMD_NR &&
        moveLocked(vma, need_rmap_locks, () => k.move_huge_pmd(vma, new_vma, addr, dest, old_pmd, new_pmd))
      )
        continue
      k.__split_huge_pmd(vma, old_pmd, addr)
    }
    if (pmd_none(read_pmd(new_pmd))) k.__pte_alloc(mm, new_pmd, dest)
    extent = Math.min(extent, HPAGE_PMD_NR - (dest & (HPAGE_PMD_NR - 1)))
    moveLocked(vma, need_rmap_locks, () => k.move_ptes(old_pmd, addr, addr + extent, new_pmd, dest))
  }
}

export function moveLocked<T>(vma: Vma, need_rmap_locks: boolean, move: () => T): T {
  if (!need_rmap_locks) return move()
  const av = rd(vma + vm_area.anon_vma) as AnonVma
  const file = !vma_is_anonymous(vma)
  if (file) i_mmap_lock_write(f_mapping(vma))
  if (av !== NULL) k.anon_vma_lock_write(av)
  const done = move()
  if (av !== NULL) k.anon_vma_unlock_write(av)
  if (file) i_mmap_unlock_write(f_mapping(vma))
  return done
}

export function move_ptes(old_pmd: Pmdp, from: number, end: number, new_pmd: Pmdp, to: number): void {
  const old_table = rd(old_pmd) as Pmd
  const new_table = rd(new_pmd) as Pmd
  const old_ptl = pte_lockptr(old_table)
  const new_ptl = pte_lockptr(new_table)
  spin_lock(old_ptl)
  if (new_ptl !== old_ptl) spin_lock(new_ptl)
  for (let addr = from; addr < end; addr++) {
    const pte = pte_offset(old_table, addr)
    const entry = rd(pte) as Pte
    if (pte_none(entry)) continue
    set_pte(pte, 0 as Pte)
    set_pte(pte_offset(new_table, to + addr - from), (entry | SOFT_DIRTY) as Pte)
  }
  if (new_ptl !== old_ptl) spin_unlock(new_ptl)
  spin_unlock(old_ptl)
}

/** Caller holds mmap_sem for writing. */
export function move_vma(vma: Vma, from: number, old_len: number, new_len: number, to: number): void {
  const mm = rd(vma + vm_area.vm_mm) as Mm
  const flags = rd(vma + vm_area.vm_flags)
  const copied = k.copy_vma(vma, to, new_len, from)
  k.move_page_tables(copied.source, from, copied.vma, to, old_len, copied.need_rmap_locks)
  if (flags & VM_LOCKED) wr(mm + mm_struct.locked_vm, rd(mm + mm_struct.locked_vm) + new_len)
  k.do_munmap(mm, from, old_len)
}

/**
 * MREMAP_MAYMOVE | MREMAP_FIXED to a place that is free. -EFAULT unless one vma holds the old range, -EINVAL for huge
 * pages of hugetlb (until 550a7d60bd5e, v5.16); what stood at the new place is gone all the same.
 */
export function sys_mremap(mm: Mm, from: number, old_len: number, to: number, new_len: number): number {
  down_write(mm + mm_struct.mmap_sem)
  let error = k.do_munmap(mm, to, new_len)
  if (error === 0 && old_len > new_len) error = k.do_munmap(mm, from + new_len, old_len - new_len)
  const len = Math.min(old_len, new_len)
  const vma = k.find_vma(mm, from)
  if (error === 0) error = k.vma_to_resize(vma, from, len)
  const locked = error === 0 && (rd(vma + vm_area.vm_flags) & VM_LOCKED) !== 0
  if (error === 0) k.move_vma(vma, from, len, new_len, to)
  up_write(mm + mm_struct.mmap_sem)
  if (locked && new_len > len) k.__mm_populate(mm, to + len, new_len - len, true)
  return error
}

/** Whether `vma` is one that may move from..from+len; NULL: there is none. */
export function vma_to_resize(vma: Vma, from: number, len: number): number {
  if (vma === NULL || rd(vma + vm_area.vm_start) > from) return -EFAULT
  if (is_vm_hugetlb_page(vma)) return -EINVAL
  return from + len > rd(vma + vm_area.vm_end) ? -EFAULT : 0
}
