// mm/page_vma_mapped.c of v4.14: where a vma maps a page, small or huge. ace71a19cec5 (v4.11) brought it.

import { HPAGE_PMD_NR } from '../../../mm/init.ts'
import {
  type Mm,
  NULL,
  type Page,
  type Pmd,
  type Pmdp,
  type Pte,
  type Ptep,
  type Vma,
  vm_area,
} from '../../../mm/mm_types.ts'
import { hpage_nr_pages } from '../../../mm/page-flags.ts'
import {
  is_swap_pte,
  page_to_pfn,
  pmd_lockptr,
  pmd_offset,
  pmd_page,
  pmd_present,
  pmd_trans_huge,
  pointsToTable,
  pte_lockptr,
  pte_none,
  pte_offset,
  pte_pfn,
  pte_present,
  read_pmd,
  read_pte,
} from '../../../mm/pgtable.ts'
import { __vma_address, page_to_pgoff } from '../../../mm/rmap_walk.ts'
import {
  is_migration_entry,
  is_pmd_migration_entry,
  migration_entry_to_page,
  pmd_to_swp_entry,
} from '../../../mm/swapops.ts'
import { spin_lock, spin_unlock } from '../../../ops.ts'
import { rd } from '../../../store.ts'
import type { Changes } from '../../patch.ts'

declare module '../../../kernel.ts' {
  interface Patched {
    page_vma_mapped_walk(p: Page, vma: Vma, addr: number, flags: number, visit: Visitor): void
  }
}

/** Looks at the first PTE under its lock only. */
export const PVMW_SYNC = 1
/** Looks for migration entries of the page. */
export const PVMW_MIGRATION = 2

/** Each is called under the lock of its entry, with the address that it stands for; false ends the walk. */
export interface Visitor {
  pmd(pmd: Pmdp, addr: number): void
  pte(pte: Ptep, addr: number): boolean
}

/** vma_address: the first address at which the vma could map the page. */
export const vma_address = (p: Page, vma: Vma): number =>
  Math.max(__vma_address(page_to_pgoff(p), vma), rd(vma + vm_area.vm_start))

/**
 * All entries from `addr` on by which a vma maps the page: one PMD, or PTEs, that of a huge page lie across two tables
 * if it was moved. The walk ends at a table that is not there (until 494334e43c16), and whether one is it asks without
 * a lock (732ed55823fc). Caller holds the page lock.
 */
export function page_vma_mapped_walk(p: Page, vma: Vma, addr: number, flags: number, visit: Visitor): void {
  const mm = rd(vma + vm_area.vm_mm) as Mm
  const end = Math.min(rd(vma + vm_area.vm_end), __vma_address(page_to_pgoff(p), vma) + hpage_nr_pages(p))
  let next = 0
  for (let at = addr; at < end; at = next) {
    next = Math.min((at + HPAGE_PMD_NR) & ~(HPAGE_PMD_NR - 1), end)
    const pmd = pmd_offset(mm, at)
    if (pmd === NULL) return
    let e = read_pmd(pmd)
    if (pmd_trans_huge(e) || is_pmd_migration_entry(e)) {
      const ptl = pmd_lockptr(mm, at)
      spin_lock(ptl)
      e = rd(pmd) as Pmd
      const table = pointsToTable(e)
      if (!table && standsForWhole(e, p, flags)) visit.pmd(pmd, at)
      spin_unlock(ptl)
      if (!table) return
    }
    if (!pmd_present(e) || !walkTable(e, p, at, next, flags, visit)) return
  }
}

/** Whether a PMD that points to no table maps the page, or stands for it while it moves. Caller holds the PMD lock. */
export function standsForWhole(e: Pmd, p: Page, flags: number): boolean {
  if (flags & PVMW_MIGRATION) return is_pmd_migration_entry(e) && migration_entry_to_page(pmd_to_swp_entry(e)) === p
  return pmd_trans_huge(e) && pmd_page(e) === p
}

/**
 * The entries of one table; false: the visitor has seen enough. The lock is taken when the first of them may be ours.
 */
export function walkTable(table: Pmd, p: Page, addr: number, end: number, flags: number, visit: Visitor): boolean {
  const ptl = pte_lockptr(table)
  const wanted = flags & PVMW_MIGRATION ? is_swap_pte : pte_present
  let locked = false
  let goOn = true
  for (let at = addr; goOn && at < end; at++) {
    const pte = pte_offset(table, at)
    if (!locked) {
      const maybe = at === addr ? (flags & PVMW_SYNC) !== 0 || wanted(read_pte(pte)) : !pte_none(read_pte(pte))
      if (!maybe) continue
      spin_lock(ptl)
      locked = true
    }
    if (check_pte(read_pte(pte), p, flags)) goOn = visit.pte(pte, at)
  }
  if (locked) spin_unlock(ptl)
  return goOn
}

/** Whether an entry maps the page, or any part of a huge one, or stands for it. Caller holds the PTE lock. */
function check_pte(entry: Pte, p: Page, flags: number): boolean {
  if (!(flags & PVMW_MIGRATION ? is_migration_entry(entry) : pte_present(entry))) return false
  const distance = pte_pfn(entry) - page_to_pfn(p)
  return distance >= 0 && distance < hpage_nr_pages(p)
}

export const changes: Changes = {
  page_vma_mapped_walk: { before: undefined, after: page_vma_mapped_walk },
}
