// get_user_pages (mm/gup.c, v4.5): references to the pages behind a range of addresses, faulted in as needed.
//
// Before FOLL_PIN (v5.6) every pin, of a device or of a pipe, is one plain reference a page.

import { k } from '../kernel.ts'
import { down_read, spin_lock, spin_unlock, up_read } from '../ops.ts'
import { rd } from '../store.ts'
import { is_zero_pfn, vm_normal_page } from './memory.ts'
import {
  FAULT_FLAG_WRITE,
  type Mm,
  mm_struct,
  NULL,
  type Page,
  type Pmdp,
  type Pte,
  VM_FAULT_OOM,
  VM_FAULT_WRITE,
  VM_READ,
  VM_WRITE,
  type Vma,
  vm_area,
} from './mm_types.ts'
import { get_page, put_page, SetPageDirty } from './page-flags.ts'
import {
  pmd_lockptr,
  pmd_none,
  pmd_offset,
  pmd_trans_huge,
  pte_lockptr,
  pte_offset,
  pte_page,
  pte_pfn,
  pte_present,
  pte_write,
  read_pmd,
} from './pgtable.ts'

/** The page at `addr` with one more reference, or NULL where an access of this kind would fault. */
export function follow_page_mask(mm: Mm, addr: number, write: boolean): Page {
  const pmd = pmd_offset(mm, addr)
  if (pmd === NULL || pmd_none(read_pmd(pmd))) return NULL
  if (!pmd_trans_huge(read_pmd(pmd))) return k.follow_page_pte(addr, pmd, write)
  const ptl = pmd_lockptr(mm, addr)
  spin_lock(ptl)
  const huge = pmd_trans_huge(read_pmd(pmd))
  const page = huge ? k.follow_trans_huge_pmd(addr, pmd, write) : NULL
  spin_unlock(ptl)
  return huge ? page : k.follow_page_pte(addr, pmd, write)
}

export function follow_page_pte(addr: number, pmd: Pmdp, write: boolean): Page {
  const table = read_pmd(pmd)
  const ptl = pte_lockptr(table)
  spin_lock(ptl)
  const entry = rd(pte_offset(table, addr)) as Pte
  let page = NULL as Page
  if (pte_present(entry) && (!write || pte_write(entry))) {
    page = is_zero_pfn(pte_pfn(entry)) ? pte_page(entry) : vm_normal_page(entry)
    get_page(page)
  }
  spin_unlock(ptl)
  return page
}

/** What get_user_pages got: the pages before the first address that could not be had, and why that one could not. */
export interface UserPages {
  readonly pages: Page[]
  readonly error: 'EFAULT' | 'ENOMEM' | undefined
}

/** `nr` pages from `start` on, each with a reference. Takes mmap_sem for reading. */
export function get_user_pages(mm: Mm, start: number, nr: number, write: boolean): UserPages {
  down_read(mm + mm_struct.mmap_sem)
  const pages: Page[] = []
  let error: UserPages['error']
  let vma = NULL as Vma
  for (let addr = start; addr < start + nr && error === undefined; addr++) {
    if (vma === NULL || addr >= rd(vma + vm_area.vm_end)) vma = k.find_vma(mm, addr)
    if (vma === NULL || addr < rd(vma + vm_area.vm_start) || !check_vma_flags(vma, write)) error = 'EFAULT'
    else {
      const page = k.follow_page_mask(mm, addr, write) || k.faultin_page(mm, vma, addr, write)
      if (page === NULL) error = 'ENOMEM'
      else pages.push(page)
    }
  }
  up_read(mm + mm_struct.mmap_sem)
  return { pages, error }
}

const check_vma_flags = (vma: Vma, write: boolean): boolean =>
  (rd(vma + vm_area.vm_flags) & (write ? VM_WRITE : VM_READ)) !== 0

/** Faults until the page can be followed; NULL when memory is out. */
export function faultin_page(mm: Mm, vma: Vma, addr: number, write: boolean): Page {
  for (;;) {
    const ret = k.handle_mm_fault(mm, vma, addr, write ? FAULT_FLAG_WRITE : 0)
    if (ret & VM_FAULT_OOM) return NULL
    // A broken COW is enough to go on reading, even where the entry stays read-only.
    const page = k.follow_page_mask(
      mm,
      addr,
      write && !(ret & VM_FAULT_WRITE && !(rd(vma + vm_area.vm_flags) & VM_WRITE)),
    )
    if (page !== NULL) return page
  }
}

/** Drops the references of a pin; what a device wrote to is dirty. */
export function put_user_pages(pages: readonly Page[], dirty: boolean): void {
  for (const page of pages) {
    if (dirty) SetPageDirty(page)
    put_page(page)
  }
}
