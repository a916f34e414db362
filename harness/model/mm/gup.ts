// get_user_pages (mm/gup.c, v4.5): references to the pages behind a range of addresses, faulted in as needed; and
// what mlock and MAP_POPULATE do with the same walk.
//
// Before FOLL_PIN (v5.6) every pin, of a device or of a pipe, is one plain reference a page.

import { k } from '../kernel.ts'
import { down_read, READ_ONCE, spin_lock, spin_unlock, up_read } from '../ops.ts'
import { rd } from '../store.ts'
import { EFAULT, ENOENT, ENOMEM, ERR_PTR, IS_ERR } from './errno.ts'
import { is_vm_hugetlb_page } from './hugetlb_hstate.ts'
import { HPAGE_PMD_NR } from './init.ts'
import { is_zero_pfn, vm_normal_page } from './memory.ts'
import {
  FAULT_FLAG_WRITE,
  FOLL_DUMP,
  FOLL_FORCE,
  FOLL_GET,
  FOLL_MLOCK,
  FOLL_POPULATE,
  FOLL_WRITE,
  type IntPtr,
  type Mm,
  mm_struct,
  NULL,
  type Page,
  type Pmdp,
  type Pte,
  page as struct_page,
  VM_FAULT_HWPOISON,
  VM_FAULT_OOM,
  VM_FAULT_SIGBUS,
  VM_FAULT_SIGSEGV,
  VM_FAULT_WRITE,
  VM_LOCKED,
  VM_LOCKONFAULT,
  VM_READ,
  VM_SHARED,
  VM_WRITE,
  type Vma,
  vm_area,
} from './mm_types.ts'
import { get_page, PageTransCompound, put_page, SetPageDirty, trylock_page, unlock_page } from './page-flags.ts'
import {
  pmd_lockptr,
  pmd_none,
  pmd_offset,
  pmd_trans_huge,
  pointsToTable,
  pte_lockptr,
  pte_offset,
  pte_page,
  pte_pfn,
  pte_present,
  pte_write,
  read_pmd,
} from './pgtable.ts'
import { load_int, local_int, store_int } from './stack.ts'

/**
 * The page at `addr`, with one more reference if FOLL_GET; NULL where an access of this kind would fault.
 * `page_mask`: how many addresses behind this one the same entry covers, less what lies before. Caller holds mmap_sem.
 */
export function follow_page_mask(vma: Vma, addr: number, flags: number, page_mask: IntPtr): Page {
  const mm = rd(vma + vm_area.vm_mm) as Mm
  store_int(page_mask, 0)
  const pmd = pmd_offset(mm, addr)
  if (pmd === NULL || pmd_none(read_pmd(pmd))) return NULL
  if (!pmd_trans_huge(read_pmd(pmd))) return k.follow_page_pte(vma, addr, pmd, flags)
  const ptl = pmd_lockptr(mm, addr)
  spin_lock(ptl)
  if (!pmd_trans_huge(read_pmd(pmd))) {
    spin_unlock(ptl)
    return k.follow_page_pte(vma, addr, pmd, flags)
  }
  const page = k.follow_trans_huge_pmd(vma, addr, pmd, flags)
  spin_unlock(ptl)
  store_int(page_mask, HPAGE_PMD_NR - 1)
  return page
}

export function follow_page_pte(vma: Vma, addr: number, pmd: Pmdp, flags: number): Page {
  const table = read_pmd(pmd)
  // pmd_bad: a huge page came or everything went meanwhile; the caller's fault finds out.
  if (!pointsToTable(table)) return NULL
  const ptl = pte_lockptr(table)
  spin_lock(ptl)
  const entry = rd(pte_offset(table, addr)) as Pte
  let page = NULL as Page
  if (pte_present(entry) && (!(flags & FOLL_WRITE) || pte_write(entry))) page = k.follow_present_pte(vma, entry, flags)
  spin_unlock(ptl)
  return page
}

/** The second half of follow_page_pte: what stands behind a present entry. Caller holds the PTE lock. */
export function follow_present_pte(vma: Vma, entry: Pte, flags: number): Page {
  let page = vm_normal_page(entry)
  if (page === NULL) {
    if (flags & FOLL_DUMP || !is_zero_pfn(pte_pfn(entry))) return ERR_PTR(-EFAULT)
    page = pte_page(entry)
  }
  if (flags & FOLL_GET) get_page(page)
  if (flags & FOLL_MLOCK && rd(vma + vm_area.vm_flags) & VM_LOCKED) k.mlockMappedByPte(page)
  return page
}

/**
 * What follow_page_pte does under FOLL_MLOCK: a page whose lock is not to be had is left to vmscan. Caller holds the
 * PTE lock.
 */
export function mlockMappedByPte(page: Page): void {
  // Huge pages mapped by PTE are never mlocked (e90309c9f772).
  if (PageTransCompound(page)) return
  if (READ_ONCE(page + struct_page.mapping) === 0 || !trylock_page(page)) return
  k.lru_add_drain()
  k.mlock_vma_page(page)
  unlock_page(page)
}

const check_vma_flags = (vma: Vma, flags: number): boolean =>
  (flags & FOLL_FORCE) !== 0 || (rd(vma + vm_area.vm_flags) & (flags & FOLL_WRITE ? VM_WRITE : VM_READ)) !== 0

/**
 * Walks `nr` pages from `start` on; with `pages`, collects them. Returns how many it went through before the first
 * address that could not be had, or why the very first could not. Caller holds mmap_sem for reading.
 */
export function __get_user_pages(mm: Mm, start: number, nr: number, gup_flags: number, pages?: Page[]): number {
  let vma = NULL as Vma
  let i = 0
  while (i < nr) {
    const addr = start + i
    if (vma === NULL || addr >= rd(vma + vm_area.vm_end)) vma = k.find_vma(mm, addr)
    if (vma === NULL || addr < rd(vma + vm_area.vm_start) || !check_vma_flags(vma, gup_flags)) return i || -EFAULT
    if (is_vm_hugetlb_page(vma)) {
      i = k.follow_hugetlb_page(mm, vma, pages, start, nr, i, gup_flags)
      if (i < 0 || start + i < rd(vma + vm_area.vm_end)) return i
      continue
    }
    const page_mask = local_int(0)
    let page = k.follow_page_mask(vma, addr, gup_flags, page_mask)
    for (let flags = gup_flags; page === NULL; page = k.follow_page_mask(vma, addr, flags, page_mask)) {
      flags = k.faultin_page(mm, vma, addr, flags)
      if (flags === -ENOENT) break
      if (flags < 0) return i || flags
    }
    if (IS_ERR(page)) return i || page
    if (pages !== undefined) pages.push(page)
    const mask = pages === undefined ? load_int(page_mask) : 0
    i += Math.min(nr - i, 1 + (~addr & mask))
  }
  return i
}

/** Faults a page in. Returns the flags to follow it with, or a negative error: -ENOENT is a page that is not wanted. */
export function faultin_page(mm: Mm, vma: Vma, addr: number, flags: number): number {
  // Locked on fault: only what is present is mlocked.
  if ((flags & (FOLL_POPULATE | FOLL_MLOCK)) === FOLL_MLOCK) return -ENOENT
  const ret = k.handle_mm_fault(mm, vma, addr, flags & FOLL_WRITE ? FAULT_FLAG_WRITE : 0)
  if (ret & VM_FAULT_OOM) return -ENOMEM
  // Nobody asks with FOLL_HWPOISON.
  if (ret & (VM_FAULT_HWPOISON | VM_FAULT_SIGBUS | VM_FAULT_SIGSEGV)) return -EFAULT
  // A broken COW is enough to go on reading, even where the entry stays read-only.
  return ret & VM_FAULT_WRITE && !(rd(vma + vm_area.vm_flags) & VM_WRITE) ? flags & ~FOLL_WRITE : flags
}

/** What get_user_pages got: the pages before the first address that could not be had, and why that one could not. */
export interface UserPages {
  readonly pages: Page[]
  readonly error: number
}

/** `nr` pages from `start` on, each with a reference. Takes mmap_sem for reading. */
export function get_user_pages(mm: Mm, start: number, nr: number, write: boolean): UserPages {
  down_read(mm + mm_struct.mmap_sem)
  const flags = write ? FOLL_GET | FOLL_WRITE : FOLL_GET
  const pages: Page[] = []
  let ret = 0
  while (pages.length < nr && ret >= 0)
    ret = k.__get_user_pages(mm, start + pages.length, nr - pages.length, flags, pages)
  up_read(mm + mm_struct.mmap_sem)
  return { pages, error: Math.min(ret, 0) }
}

/** Drops the references of a pin; what a device wrote to is dirty. */
export function put_user_pages(pages: readonly Page[], dirty: boolean): void {
  for (const page of pages) {
    if (dirty) SetPageDirty(page)
    put_page(page)
  }
}

// ---- populating --------------------------------------------------------------------------------------------------

/** Faults start..end in and mlocks it if the vma is locked. Caller holds mmap_sem. */
export function populate_vma_page_range(vma: Vma, start: number, end: number): number {
  const vm_flags = rd(vma + vm_area.vm_flags)
  let flags = FOLL_MLOCK
  if (!(vm_flags & VM_LOCKONFAULT)) flags |= FOLL_POPULATE
  // Break COW now: that is a fault which locked memory must not have later.
  if ((vm_flags & (VM_WRITE | VM_SHARED)) === VM_WRITE) flags |= FOLL_WRITE
  if (vm_flags & (VM_READ | VM_WRITE)) flags |= FOLL_FORCE
  return k.__get_user_pages(rd(vma + vm_area.vm_mm) as Mm, start, end - start, flags)
}

/** Every vma of a range. Returns 0 or the first error, unless errors are ignored. Takes mmap_sem for reading. */
export function __mm_populate(mm: Mm, start: number, len: number, ignore_errors: boolean): number {
  const end = start + len
  let error = 0
  down_read(mm + mm_struct.mmap_sem)
  let vma = k.find_vma(mm, start)
  for (let nstart = start; nstart < end; ) {
    if (vma !== NULL && nstart >= rd(vma + vm_area.vm_end)) vma = rd(vma + vm_area.vm_next) as Vma
    if (vma === NULL || rd(vma + vm_area.vm_start) >= end) break
    nstart = Math.max(nstart, rd(vma + vm_area.vm_start))
    const nend = Math.min(end, rd(vma + vm_area.vm_end))
    const ret = k.populate_vma_page_range(vma, nstart, nend)
    if (ret < 0 && !ignore_errors) {
      error = ret
      break
    }
    nstart = ret < 0 ? nend : nstart + ret
  }
  up_read(mm + mm_struct.mmap_sem)
  return error
}
