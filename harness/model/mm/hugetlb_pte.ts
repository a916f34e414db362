// Entries of page tables that map huge pages of hugetlb (arch/x86/mm/hugetlbpage.c and mm/hugetlb.c, v4.5): a PMD, or
// an entry of the directory, or, of sizes that x86 does not have, several entries of a level. Page tables are not
// shared between processes.

import { k } from '../kernel.ts'
import { spin_lock, test_bit } from '../ops.ts'
import { huge_page_order, pages_per_huge_page } from './hugetlb_hstate.ts'
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
  freeEmptyPmdTable,
  mk_huge_pmd,
  PRESENT,
  PROTNONE,
  pmd_advance_pfn,
  pmd_alloc,
  pmd_lockptr,
  pmd_none,
  pmd_offset,
  pointsToTable,
  pte_offset,
  pte_present,
  pud_offset,
  pudOrder,
  RW,
  read_pmd,
  SOFT_DIRTY,
  set_pmd,
} from './pgtable.ts'
import { is_hwpoison_entry, is_migration_entry } from './swapops.ts'

/** The order of what one entry maps at the level where huge pages of `order` stand: PTE, PMD or directory. */
function levelOrder(order: number): number {
  if (order >= pudOrder()) return pudOrder()
  return order >= HPAGE_PMD_ORDER ? HPAGE_PMD_ORDER : 0
}

/** The first entry for a huge page at an aligned address; makes the tables above it. */
export function huge_pte_alloc(mm: Mm, addr: number, h: Hstate): Pmdp {
  const level = levelOrder(huge_page_order(h))
  if (level === pudOrder()) {
    for (let a = addr; a < addr + pages_per_huge_page(h); a += 1 << level)
      if (pointsToTable(read_pmd(pud_offset(mm, a)))) freeEmptyPmdTable(mm, a)
    return pud_offset(mm, addr)
  }
  const pmd = pmd_alloc(mm, addr)
  if (level === HPAGE_PMD_ORDER) return pmd
  if (pmd_none(read_pmd(pmd))) k.__pte_alloc(mm, pmd, addr)
  return pte_offset(read_pmd(pmd), addr) as number as Pmdp
}

/** The first entry that maps, or would, the huge page at an aligned address, as far as there are tables; else NULL. */
export function huge_pte_offset(mm: Mm, addr: number, h: Hstate): Pmdp {
  const level = levelOrder(huge_page_order(h))
  const pud = pud_offset(mm, addr)
  const e = read_pmd(pud)
  if (level === pudOrder()) return pmd_none(e) || pointsToTable(e) ? NULL : pud
  const pmd = pmd_offset(mm, addr)
  if (level === HPAGE_PMD_ORDER || pmd === NULL) return pmd
  const table = read_pmd(pmd)
  return pmd_none(table) ? NULL : (pte_offset(table, addr) as number as Pmdp)
}

/**
 * Writes what maps a huge page: where no single entry maps as much, as many as it takes, one behind the other, as arm64
 * does. The first stands for all. Caller holds the page table lock.
 */
export function set_huge_pte_at(h: Hstate, ptep: Pmdp, entry: Pmd): void {
  const order = huge_page_order(h)
  const level = levelOrder(order)
  for (let i = 0; i < 1 << (order - level); i++)
    set_pmd((ptep + i) as Pmdp, huge_pte_present(entry) ? pmd_advance_pfn(entry, i << level) : entry)
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
