// 732ed55823fc "mm/thp: try_to_unmap() use TTU_SYNC for safe splitting" (v5.13), as far as it shows: who looks for a
// huge page with PVMW_SYNC and finds no PMD waits for whoever holds its lock. Before, the migration entry of a huge
// page that mremap moves can be missed: for a moment it is at neither place, and nobody takes it away any more.

import { HPAGE_PMD_NR } from '../../mm/init.ts'
import { type Mm, NULL, type Page, type Pmd, type Vma, vm_area } from '../../mm/mm_types.ts'
import { hpage_nr_pages, PageTransCompound } from '../../mm/page-flags.ts'
import { pmd_lockptr, pmd_offset, pmd_present, pmd_trans_huge, pointsToTable, read_pmd } from '../../mm/pgtable.ts'
import { __vma_address, page_to_pgoff } from '../../mm/rmap_walk.ts'
import { is_pmd_migration_entry } from '../../mm/swapops.ts'
import { spin_lock, spin_unlock } from '../../ops.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'
import {
  page_vma_mapped_walk as before,
  PVMW_SYNC,
  standsForWhole,
  type Visitor,
  walkTable,
} from './thp-4.14/page_vma_mapped.ts'

function page_vma_mapped_walk(p: Page, vma: Vma, addr: number, flags: number, visit: Visitor): void {
  const mm = rd(vma + vm_area.vm_mm) as Mm
  const end = Math.min(rd(vma + vm_area.vm_end), __vma_address(page_to_pgoff(p), vma) + hpage_nr_pages(p))
  let next = 0
  for (let at = addr; at < end; at = next) {
    next = Math.min((at + HPAGE_PMD_NR) & ~(HPAGE_PMD_NR - 1), end)
    const pmd = pmd_offset(mm, at)
    if (pmd === NULL) return
    let e = read_pmd(pmd)
    const ptl = pmd_lockptr(mm, at)
    if (pmd_trans_huge(e) || is_pmd_migration_entry(e)) {
      spin_lock(ptl)
      e = rd(pmd) as Pmd
      const table = pointsToTable(e)
      if (!table && standsForWhole(e, p, flags)) visit.pmd(pmd, at)
      spin_unlock(ptl)
      if (!table) return
    } else if (!pmd_present(e) && flags & PVMW_SYNC && PageTransCompound(p)) {
      spin_lock(ptl)
      spin_unlock(ptl)
    }
    if (!pmd_present(e) || !walkTable(e, p, at, next, flags, visit)) return
  }
}

export default patch('732ed55823fc', {
  subject: 'mm/thp: try_to_unmap() use TTU_SYNC for safe splitting',
  release: 'v5.13',
  needs: ['616b8371539a'],
  changes: { page_vma_mapped_walk: { before, after: page_vma_mapped_walk } },
})
