// Entries of page tables that map huge pages of hugetlb: a PMD, or an entry of the directory (arch/x86/mm/hugetlbpage.c
// and mm/hugetlb.c, v4.5). Page tables are not shared between processes.

import { spin_lock, test_bit } from '../ops.ts'
import { huge_page_order } from './hugetlb_hstate.ts'
import { HPAGE_PMD_ORDER } from './init.ts'
import {
  type Hstate,
  type Mm,
  mm_struct,
  NULL,
  type Page,
  type Pmd,
  type Pmdp,
  VM_READ,
  VM_SHARED,
  VM_WRITE,
  type Vma,
  vm_area,
} from './mm_types.ts'
import {
  ACCESSED,
  DIRTY,
  mk_huge_pmd,
  PRESENT,
  PROTNONE,
  pmd_alloc,
  pmd_lockptr,
  pmd_none,
  pmd_offset,
  pointsToTable,
  pte_present,
  pud_offset,
  RW,
  read_pmd,
  SOFT_DIRTY,
} from './pgtable.ts'
import { is_hwpoison_entry, is_migration_entry } from './swapops.ts'

/** The entry for a huge page at an aligned address; makes the tables above it. */
export function huge_pte_alloc(mm: Mm, addr: number, h: Hstate): Pmdp {
  return huge_page_order(h) === HPAGE_PMD_ORDER ? pmd_alloc(mm, addr) : pud_offset(mm, addr)
}

/** The entry that maps `addr` with a huge page, or would, as far as there are tables; else NULL. */
export function huge_pte_offset(mm: Mm, addr: number): Pmdp {
  const pud = pud_offset(mm, addr)
  const e = read_pmd(pud)
  if (pmd_none(e)) return NULL
  return pointsToTable(e) ? pmd_offset(mm, addr) : pud
}

export const huge_pte_lockptr = (h: Hstate, mm: Mm, addr: number): number =>
  huge_page_order(h) === HPAGE_PMD_ORDER ? pmd_lockptr(mm, addr) : mm + mm_struct.page_table_lock

export function huge_pte_lock(h: Hstate, mm: Mm, addr: number): number {
  const ptl = huge_pte_lockptr(h, mm, addr)
  spin_lock(ptl)
  return ptl
}

export const huge_pte_present = (e: Pmd): boolean => pte_present(e as number as never)
export const is_hugetlb_entry_migration = (e: Pmd): boolean =>
  !pmd_none(e) && !huge_pte_present(e) && is_migration_entry(e as number as never)
export const is_hugetlb_entry_hwpoisoned = (e: Pmd): boolean => !pmd_none(e) && is_hwpoison_entry(e as number as never)

/** vma->vm_page_prot: of shared memory that may be written to, writable from the start. */
export function huge_page_prot(vma: Vma): number {
  const flags = vma + vm_area.vm_flags
  if (!test_bit(flags, VM_READ | VM_WRITE)) return PROTNONE | ACCESSED
  return PRESENT | ACCESSED | (test_bit(flags, VM_SHARED) && test_bit(flags, VM_WRITE) ? RW : 0)
}

export function make_huge_pte(vma: Vma, page: Page, writable: boolean): Pmd {
  const prot = huge_page_prot(vma)
  return mk_huge_pmd(page, writable ? prot | RW | DIRTY | SOFT_DIRTY : prot & ~RW)
}

export const huge_pte_none = pmd_none
