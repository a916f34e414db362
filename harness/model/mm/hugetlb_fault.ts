// Faults on huge pages (mm/hugetlb.c, v4.5). One mutex out of a table keeps two faults on the same page apart, so that
// neither fails for want of a page that the other will not need.

import { f_mapping, host, i_size_read } from '../fs/inode.ts'
import { k } from '../kernel.ts'
import { copyStride, down_write as mutex_lock, up_write as mutex_unlock, spin_unlock } from '../ops.ts'
import { rd, sbrk, wrStride } from '../store.ts'
import { EEXIST, ENOMEM, ERR_PTR, IS_ERR } from './errno.ts'
import { add_to_page_cache, find_lock_page } from './filemap.ts'
import { hstate_vma, huge_page_mask, huge_page_order, pages_per_huge_page } from './hugetlb_hstate.ts'
import { set_page_huge_active } from './hugetlb_pool.ts'
import {
  huge_pte_alloc,
  huge_pte_lock,
  huge_pte_lockptr,
  huge_pte_none,
  huge_pte_offset,
  huge_pte_present,
  is_hugetlb_entry_hwpoisoned,
  is_hugetlb_entry_migration,
  make_huge_pte,
  set_huge_pte_at,
} from './hugetlb_pte.ts'
import { hugetlb_count_add } from './hugetlb_range.ts'
import { HPAGE_RESV_UNMAPPED, is_vma_resv_set, vma_hugecache_offset } from './hugetlb_resv.ts'
import { mkdirty, mkyoung } from './memory.ts'
import {
  type AddressSpace,
  FAULT_FLAG_WRITE,
  type Hstate,
  type Mm,
  NULL,
  type Page,
  type Pmd,
  type Pmdp,
  page as struct_page,
  VM_FAULT_HWPOISON,
  VM_FAULT_OOM,
  VM_FAULT_SIGBUS,
  VM_MAYSHARE,
  VM_SHARED,
  VM_WRITE,
  type Vma,
  vm_area,
} from './mm_types.ts'
import {
  ClearPagePrivate,
  get_page,
  lock_page,
  PageHWPoison,
  put_page,
  trylock_page,
  unlock_page,
  wait_on_page_locked,
} from './page-flags.ts'
import { pmd_page, pte_write, read_pmd } from './pgtable.ts'

export const NUM_FAULT_MUTEXES = 64
let mutexes = 0
export function hugetlb_fault_init(): void {
  mutexes = sbrk(NUM_FAULT_MUTEXES)
}
export const hugetlb_fault_mutex_table = (hash: number): number => mutexes + hash

export const isShared = (vma: Vma, flag: number): boolean => (rd(vma + vm_area.vm_flags) & flag) !== 0

/** A page of a shared mapping is known by its place in the file, of a private one by its address. */
export function hugetlb_fault_mutex_hash(vma: Vma, mm: Mm, mapping: AddressSpace, idx: number, addr: number): number {
  const byFile = isShared(vma, VM_SHARED)
  const index = byFile ? idx : addr >> huge_page_order(hstate_vma(vma))
  return (((byFile ? mapping : mm) >> 3) + index) & (NUM_FAULT_MUTEXES - 1)
}

/** Zeroes a page that nobody else knows yet. */
export function clear_huge_page(page: Page, nr: number): void {
  wrStride(page + struct_page.content, struct_page.SIZE, nr, 0)
}

/** Copies page by page; nobody is kept from writing to the source. */
export function copy_user_huge_page(to: Page, from: Page, nr: number): void {
  copyStride(to + struct_page.content, from + struct_page.content, struct_page.SIZE, nr)
}

/**
 * Puts a new page into the file's cache, where its reservation is used up for good; 0 or -EEXIST. It comes back locked.
 */
export function huge_add_to_page_cache(page: Page, mapping: AddressSpace, idx: number): number {
  const err = add_to_page_cache(page, mapping, idx)
  if (err !== 0) return err
  ClearPagePrivate(page)
  return 0
}

/** What an allocation's failure is to a fault. */
export const faultOf = (error: number): number => (error === -ENOMEM ? VM_FAULT_OOM : VM_FAULT_SIGBUS)

/** Caller holds mmap_sem for reading. As handle_mm_fault. */
export function hugetlb_fault(mm: Mm, vma: Vma, address: number, flags: number): number {
  const h = hstate_vma(vma)
  const addr = address & huge_page_mask(h)
  let ptep = huge_pte_offset(mm, addr, h)
  if (ptep === NULL) {
    ptep = huge_pte_alloc(mm, addr, h)
  } else if (is_hugetlb_entry_migration(read_pmd(ptep))) {
    k.migration_entry_wait_huge(huge_pte_lockptr(h, mm, addr), ptep)
    return 0
  } else if (is_hugetlb_entry_hwpoisoned(read_pmd(ptep))) {
    return VM_FAULT_HWPOISON
  }
  const mapping = f_mapping(vma)
  const idx = vma_hugecache_offset(h, vma, addr)
  const mutex = hugetlb_fault_mutex_table(k.hugetlb_fault_mutex_hash(vma, mm, mapping, idx, addr))
  mutex_lock(mutex)
  const entry = read_pmd(ptep)
  let ret = 0
  let wait = NULL as Page
  if (huge_pte_none(entry)) ret = k.hugetlb_no_page(mm, vma, mapping, idx, addr, ptep, flags)
  else if (huge_pte_present(entry)) [ret, wait] = k.hugetlb_present(mm, vma, addr, ptep, entry, flags)
  mutex_unlock(mutex)
  // Without a reference: the page is not looked at any more, only the fault shall not come again at once.
  if (wait !== NULL) wait_on_page_locked(wait)
  return ret
}

/**
 * Before a COW: the file's page, with its lock and a reference, by which hugetlb_cow sees whether the place has used
 * its reservation; NULL: there is none, or no COW is to come. -ENOMEM. Caller holds the fault mutex.
 */
export function lockPagecachePage(vma: Vma, addr: number, entry: Pmd, flags: number): Page {
  if (!(flags & FAULT_FLAG_WRITE) || pte_write(entry)) return NULL
  const h = hstate_vma(vma)
  if (k.vma_needs_reservation(h, vma, addr) < 0) return ERR_PTR(-ENOMEM)
  k.vma_end_reservation(h, vma, addr)
  return isShared(vma, VM_MAYSHARE) ? NULL : find_lock_page(f_mapping(vma), vma_hugecache_offset(h, vma, addr))
}

/**
 * The second half of hugetlb_fault: a present entry, which is to be written to or only marked. Returns the answer, and
 * the page whose lock could not be had, or NULL. Caller holds the fault mutex.
 */
export function hugetlb_present(
  mm: Mm,
  vma: Vma,
  addr: number,
  ptep: Pmdp,
  entry: Pmd,
  flags: number,
): readonly [ret: number, wait: Page] {
  const h = hstate_vma(vma)
  const pagecache_page = lockPagecachePage(vma, addr, entry, flags)
  if (pagecache_page < 0) return [VM_FAULT_OOM, NULL]
  const page = pmd_page(entry)
  let ret = 0
  let wait = NULL as Page
  const ptl = huge_pte_lock(h, mm, addr)
  if (rd(ptep) !== entry) {
    // Changed meanwhile: the access is tried again.
  } else if (page !== pagecache_page && !trylock_page(page)) {
    wait = page
  } else {
    get_page(page)
    ret = hugetlbAccess(mm, vma, addr, ptep, entry, flags, pagecache_page, ptl)
    if (page !== pagecache_page) unlock_page(page)
    put_page(page)
  }
  spin_unlock(ptl)
  if (pagecache_page !== NULL) {
    unlock_page(pagecache_page)
    put_page(pagecache_page)
  }
  return [ret, wait]
}

/** The access to a present entry that has not changed. Caller holds what hugetlb_cow wants. */
export function hugetlbAccess(
  mm: Mm,
  vma: Vma,
  addr: number,
  ptep: Pmdp,
  entry: Pmd,
  flags: number,
  pagecache_page: Page,
  ptl: number,
): number {
  const write = (flags & FAULT_FLAG_WRITE) !== 0
  if (write && !pte_write(entry)) return k.hugetlb_cow(mm, vma, addr, ptep, entry, pagecache_page, ptl)
  const young = mkyoung(write ? mkdirty(entry) : entry)
  if (young !== entry) set_huge_pte_at(hstate_vma(vma), ptep, young)
  return 0
}

/** An entry that maps nothing: the page of the file, or a new one. Caller holds the fault mutex. */
export function hugetlb_no_page(
  mm: Mm,
  vma: Vma,
  mapping: AddressSpace,
  idx: number,
  addr: number,
  ptep: Pmdp,
  flags: number,
): number {
  const h = hstate_vma(vma)
  const nr = pages_per_huge_page(h)
  // "killed due to inadequate hugepage pool": the owner has taken pages from here.
  if (is_vma_resv_set(vma, HPAGE_RESV_UNMAPPED)) return VM_FAULT_SIGBUS
  let anon_rmap = false
  let page = find_lock_page(mapping, idx)
  // It failed between mmap and fault: no entry of this process says so.
  if (page !== NULL && PageHWPoison(page)) {
    unlock_page(page)
    put_page(page)
    return VM_FAULT_HWPOISON
  }
  while (page === NULL) {
    if (idx >= i_size_read(host(mapping)) >> huge_page_order(h)) return VM_FAULT_SIGBUS
    page = k.alloc_huge_page(vma, addr, false)
    if (IS_ERR(page)) return k.faultWithoutPage(h, mm, addr, ptep, page)
    clear_huge_page(page, nr)
    set_page_huge_active(page)
    if (!isShared(vma, VM_MAYSHARE)) {
      anon_rmap = true
      if (!k.preparePrivatePage(page, vma, addr)) {
        unlock_page(page)
        k.putUnmappedPage(vma, addr, page)
        return VM_FAULT_OOM
      }
    } else if (k.huge_add_to_page_cache(page, mapping, idx) === -EEXIST) {
      put_page(page)
      page = find_lock_page(mapping, idx)
    }
  }
  if (!anon_rmap) k.prepareCachePage(page)
  if (k.refusesLostPage(page)) {
    unlock_page(page)
    put_page(page)
    return VM_FAULT_HWPOISON
  }
  const cow = (flags & FAULT_FLAG_WRITE) !== 0 && !isShared(vma, VM_SHARED)
  // What hugetlb_cow may need to note a reservation is there before the page table lock is taken.
  if (cow) {
    if (k.vma_needs_reservation(h, vma, addr) < 0) {
      unlock_page(page)
      k.putUnmappedPage(vma, addr, page)
      return VM_FAULT_OOM
    }
    k.vma_end_reservation(h, vma, addr)
  }
  const ptl = huge_pte_lock(h, mm, addr)
  const outside = idx >= i_size_read(host(mapping)) >> huge_page_order(h)
  if (outside || !huge_pte_none(rd(ptep) as Pmd)) {
    spin_unlock(ptl)
    unlock_page(page)
    k.putUnmappedPage(vma, addr, page)
    return outside ? VM_FAULT_SIGBUS : 0
  }
  if (anon_rmap) ClearPagePrivate(page)
  k.countFirstMap(page, vma, addr, anon_rmap)
  const entry = make_huge_pte(vma, page, isShared(vma, VM_SHARED) && isShared(vma, VM_WRITE))
  set_huge_pte_at(h, ptep, entry)
  hugetlb_count_add(mm, nr)
  // The COW without a second fault.
  const ret = cow ? k.hugetlb_cow(mm, vma, addr, ptep, entry, page, ptl) : 0
  spin_unlock(ptl)
  unlock_page(page)
  return ret
}

// ---- the steps of hugetlb_no_page that history has changed ----------------------------------------------------------

/**
 * There is no page for an entry that was none, though it may be there by now (4643d67e8cb0). Caller holds the fault
 * mutex.
 */
export const faultWithoutPage = (_h: Hstate, _mm: Mm, _addr: number, _ptep: Pmdp, error: number): number =>
  faultOf(error)

/** A new page for private use: locks it. False: no memory for what leads back to the vma. */
export function preparePrivatePage(page: Page, vma: Vma, _addr: number): boolean {
  lock_page(page)
  return k.anon_vma_prepare(vma) === 0
}

/**
 * Nobody maps the page after all: it goes, if it is new. A reservation that it had stays used in the map
 * (96b96a96ddee).
 */
export const putUnmappedPage = (_vma: Vma, _addr: number, page: Page): void => put_page(page)

/** A page of the file, old or new: it is counted when it is mapped (409eb8c26). Caller holds the page lock. */
export function prepareCachePage(_page: Page): void {}

/** Whether a page that has failed is refused also if it is new: of one that the file had that was known before. */
export const refusesLostPage = (_page: Page): boolean => false

/** The entry is about to be made. Caller holds the page lock and the page table lock. */
export function countFirstMap(page: Page, vma: Vma, addr: number, anon_rmap: boolean): void {
  if (anon_rmap) k.hugepage_add_new_anon_rmap(page, vma, addr)
  else k.hugetlb_dup_rmap(page)
}
