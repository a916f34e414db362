// Walks of huge pages for get_user_pages, and waiting for one that is being moved (mm/hugetlb.c and mm/migrate.c,
// v4.5).

import { k } from '../kernel.ts'
import { spin_lock, spin_unlock } from '../ops.ts'
import { rd } from '../store.ts'
import { EFAULT } from './errno.ts'
import { hstate_vma, huge_page_mask, pages_per_huge_page } from './hugetlb_hstate.ts'
import { huge_pte_lock, huge_pte_offset, huge_pte_present, is_hugetlb_entry_migration } from './hugetlb_pte.ts'
import {
  FAULT_FLAG_WRITE,
  FOLL_WRITE,
  type Mm,
  NULL,
  type Page,
  type Pmd,
  type Pmdp,
  type Pte,
  VM_FAULT_ERROR,
  type Vma,
  vm_area,
} from './mm_types.ts'
import { get_page, get_page_unless_zero, put_page, subpage, wait_on_page_locked } from './page-flags.ts'
import { pmd_page, pte_write } from './pgtable.ts'
import { migration_entry_to_page } from './swapops.ts'

/**
 * Goes through base pages from start + `i` on, up to `nr` or to the end of the vma; with `pages`, collects them with a
 * reference each. Returns how many pages it and its caller have gone through, or -EFAULT: not one. The caller ends
 * where that is fewer than the vma has. Caller holds mmap_sem for reading.
 */
export function follow_hugetlb_page(
  mm: Mm,
  vma: Vma,
  pages: Page[] | undefined,
  start: number,
  nr: number,
  i: number,
  flags: number,
): number {
  const h = hstate_vma(vma)
  const end = Math.min(start + nr, rd(vma + vm_area.vm_end))
  while (start + i < end) {
    const vaddr = start + i
    const pte = huge_pte_offset(mm, vaddr & huge_page_mask(h), h)
    const ptl = pte === NULL ? 0 : huge_pte_lock(h, mm, vaddr)
    const entry = (pte === NULL ? 0 : rd(pte)) as Pmd
    if (!huge_pte_present(entry) || (flags & FOLL_WRITE && !pte_write(entry))) {
      if (ptl !== 0) spin_unlock(ptl)
      if (k.hugetlb_fault(mm, vma, vaddr, flags & FOLL_WRITE ? FAULT_FLAG_WRITE : 0) & VM_FAULT_ERROR) break
      continue
    }
    const page = pmd_page(entry)
    const nr_pages = pages_per_huge_page(h)
    for (let offset = vaddr & (nr_pages - 1); offset < nr_pages && start + i < end; offset++, i++) {
      if (pages === undefined) continue
      const sub = subpage(page, offset)
      get_page(sub)
      pages.push(sub)
    }
    spin_unlock(ptl)
  }
  return i === 0 ? -EFAULT : i
}

/** As migration_entry_wait. */
export function migration_entry_wait_huge(ptl: number, pte: Pmdp): void {
  spin_lock(ptl)
  const entry = rd(pte) as Pmd
  if (!is_hugetlb_entry_migration(entry)) {
    spin_unlock(ptl)
    return
  }
  const page = migration_entry_to_page(entry as number as Pte)
  const held = get_page_unless_zero(page)
  spin_unlock(ptl)
  wait_on_page_locked(page)
  if (held) put_page(page)
}
