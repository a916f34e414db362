// Where mmap(2) puts a mapping (mm/mmap.c, arch/x86/mm/hugetlbpage.c, v4.5): at the address that it is asked for, or at
// a free one, and below the end of user space in any case.

import { k } from '../kernel.ts'
import { down_write, up_write } from '../ops.ts'
import { rd } from '../store.ts'
import { EINVAL, ENOMEM, IS_ERR } from './errno.ts'
import { huge_page_mask, pages_per_huge_page } from './hugetlb_hstate.ts'
import { type Hstate, type Mm, mm_struct, NULL, type Vma, vm_area } from './mm_types.ts'
import { task_size } from './pgtable.ts'

/**
 * The address for `len` pages, in huge pages of `h` unless that is NULL; or an error. With MAP_FIXED (`fixed`) that is
 * `addr`, else `addr` is a hint. Caller holds mmap_sem for writing.
 */
export function get_unmapped_area(mm: Mm, addr: number, len: number, fixed: boolean, h: Hstate): number {
  if (len > task_size()) return -ENOMEM
  const found =
    h === NULL
      ? k.arch_get_unmapped_area_topdown(mm, addr, len, fixed)
      : k.hugetlb_get_unmapped_area(mm, addr, len, fixed, h)
  if (IS_ERR(found)) return found
  return found > task_size() - len ? -ENOMEM : found
}

/** Of base pages. As get_unmapped_area. */
export function arch_get_unmapped_area_topdown(mm: Mm, addr: number, len: number, fixed: boolean): number {
  if (fixed || isFree(mm, addr, len)) return addr
  return k.vm_unmapped_area(mm, len, 1)
}

/** As get_unmapped_area; `len` is rounded up to whole huge pages already. A hint is so, too. */
export function hugetlb_get_unmapped_area(mm: Mm, addr: number, len: number, fixed: boolean, h: Hstate): number {
  // prepare_hugepage_range
  if (fixed) return addr & ~huge_page_mask(h) ? -EINVAL : addr
  const aligned = (addr + pages_per_huge_page(h) - 1) & huge_page_mask(h)
  return isFree(mm, aligned, len) ? aligned : k.vm_unmapped_area(mm, len, pages_per_huge_page(h))
}

/** Whether a hint can be followed. */
function isFree(mm: Mm, addr: number, len: number): boolean {
  if (task_size() - len < addr) return false
  const vma = k.find_vma(mm, addr)
  return vma === NULL || addr + len <= k.vm_start_gap(vma)
}

/** Where what may be mapped below a vma ends (include/linux/mm.h, v4.12; before, everybody looked at vm_start). */
export const vm_start_gap = (vma: Vma): number => rd(vma + vm_area.vm_start)

/** The highest free address of this alignment (VM_UNMAPPED_AREA_TOPDOWN), or -ENOMEM. */
export function vm_unmapped_area(mm: Mm, len: number, align: number): number {
  let found = -ENOMEM
  // The first page is nobody's: mmap_min_addr.
  let low = 1
  let vma = rd(mm + mm_struct.mmap) as Vma
  for (;;) {
    const high = vma === NULL ? task_size() : k.vm_start_gap(vma)
    const addr = (high - len) & -align
    if (addr >= low) found = addr
    if (vma === NULL) return found
    low = rd(vma + vm_area.vm_end)
    vma = rd(vma + vm_area.vm_next) as Vma
  }
}

/** The part of mmap(2) before anything there is unmapped: as get_unmapped_area. */
export function findArea(mm: Mm, addr: number, len: number, fixed: boolean, h: Hstate): number {
  down_write(mm + mm_struct.mmap_sem)
  const found = k.get_unmapped_area(mm, addr, len, fixed, h)
  up_write(mm + mm_struct.mmap_sem)
  return found
}
