// Faults on base pages, copying and zapping of page tables (mm/memory.c, v4.5).

import { vma_is_anonymous } from '../fs/inode.ts'
import { k } from '../kernel.ts'
import { atomic_add, might_sleep, readBits, spin_lock, spin_unlock, test_bit } from '../ops.ts'
import { rd, rdm } from '../store.ts'
import { is_vm_hugetlb_page } from './hugetlb_hstate.ts'
import {
  FAULT_FLAG_WRITE,
  type Mm,
  mm_struct,
  NULL,
  type Page,
  type Pmd,
  type Pmdp,
  type Pte,
  type Ptep,
  VM_FAULT_FALLBACK,
  VM_FAULT_OOM,
  VM_FAULT_WRITE,
  VM_LOCKED,
  VM_READ,
  VM_SHARED,
  VM_WRITE,
  type Vma,
  vm_area,
} from './mm_types.ts'
import { alloc_page, alloc_zeroed_page } from './page_alloc.ts'
import {
  lock_page,
  PageAnon,
  PageMlocked,
  page_cache_get,
  page_cache_release,
  page_content,
  SetPageDirty,
  set_page_content,
  trylock_page,
  unlock_page,
} from './page-flags.ts'
import {
  ACCESSED,
  DIRTY,
  mk_pte,
  PRESENT,
  PROTNONE,
  pfn_to_page,
  pmd_alloc,
  pmd_lockptr,
  pmd_none,
  pmd_populate,
  pmd_trans_huge,
  pte_alloc_one,
  pte_free,
  pte_lockptr,
  pte_none,
  pte_offset,
  pte_page,
  pte_pfn,
  pte_present,
  pte_write,
  RW,
  read_pmd,
  read_pte,
  SOFT_DIRTY,
  set_pte,
} from './pgtable.ts'

// ---- entries -----------------------------------------------------------------------------------------------------

/**
 * vma->vm_page_prot: of a private mapping never writable, a write fault must come first; of a shared one as the vma is.
 * Whoever comes by way of rmap looks without mmap_sem: mprotect changes the vma first, and then each entry under its
 * lock.
 */
export function vm_page_prot(vma: Vma): number {
  const flags = readBits(vma + vm_area.vm_flags, VM_READ | VM_WRITE | VM_SHARED)
  if (!(flags & (VM_READ | VM_WRITE))) return PROTNONE | ACCESSED
  return (flags & (VM_WRITE | VM_SHARED)) === (VM_WRITE | VM_SHARED) ? PRESENT | ACCESSED | RW : PRESENT | ACCESSED
}

/** Writable if the vma is; as vm_page_prot. */
export const maybe_mkwrite = <E extends Pte | Pmd>(e: E, vma: Vma): E =>
  test_bit(vma + vm_area.vm_flags, VM_WRITE) ? ((e | RW) as E) : e
export const mkdirty = <E extends Pte | Pmd>(e: E): E => (e | DIRTY | SOFT_DIRTY) as E
export const mkyoung = <E extends Pte | Pmd>(e: E): E => (e | ACCESSED) as E
export const wrprotect = <E extends Pte | Pmd>(e: E): E => (e & ~RW) as E
export const mkold = <E extends Pte | Pmd>(e: E): E => (e & ~ACCESSED) as E

/** The page frame that reads of untouched memory share. */
export const ZERO_PFN = 0
export const is_zero_pfn = (pfn: number): boolean => pfn === ZERO_PFN

/** The page behind an entry that takes part in reference and map counting; NULL for the zero page. */
export const vm_normal_page = (e: Pte): Page => (is_zero_pfn(pte_pfn(e)) ? NULL : pte_page(e))

export const add_anon_rss = (mm: Mm, n: number): void => atomic_add(mm + mm_struct.anon_rss, n)

/** An empty PTE table under a PMD that has none; another CPU may have been first. */
export function __pte_alloc(mm: Mm, pmd: Pmdp, addr: number): void {
  const table = pte_alloc_one()
  const ptl = pmd_lockptr(mm, addr)
  spin_lock(ptl)
  const mine = pmd_none(rd(pmd) as Pmd)
  if (mine) {
    atomic_add(mm + mm_struct.nr_ptes, 1)
    pmd_populate(pmd, table)
  }
  spin_unlock(ptl)
  if (!mine) pte_free(table)
}

// ---- faults ------------------------------------------------------------------------------------------------------

/** Caller holds mmap_sem for reading. Returns VM_FAULT bits; 0 and VM_FAULT_WRITE mean: try the access again. */
export function handle_mm_fault(mm: Mm, vma: Vma, addr: number, flags: number): number {
  might_sleep()
  if (is_vm_hugetlb_page(vma)) return k.hugetlb_fault(mm, vma, addr, flags)
  const pmd = pmd_alloc(mm, addr)
  const orig = read_pmd(pmd)
  if (pmd_none(orig) && k.transparent_hugepage_enabled(vma)) {
    const ret = k.do_huge_pmd_anonymous_page(mm, vma, addr, pmd, flags)
    if (!(ret & VM_FAULT_FALLBACK)) return ret
  } else if (pmd_trans_huge(orig)) {
    const write = flags & FAULT_FLAG_WRITE
    if (!write || pte_write(orig)) {
      k.huge_pmd_set_accessed(mm, addr, pmd, orig, write !== 0)
      return 0
    }
    const ret = k.do_huge_pmd_wp_page(mm, vma, addr, pmd, orig)
    if (!(ret & VM_FAULT_FALLBACK)) return ret
  }
  if (pmd_none(read_pmd(pmd))) k.__pte_alloc(mm, pmd, addr)
  // pmd_trans_unstable: a huge page came in between; the access is tried again.
  if (pmd_trans_huge(read_pmd(pmd))) return 0
  return k.handle_pte_fault(mm, vma, addr, pmd, flags)
}

export function handle_pte_fault(mm: Mm, vma: Vma, addr: number, pmd: Pmdp, flags: number): number {
  const table = read_pmd(pmd)
  const pte = pte_offset(table, addr)
  const entry = read_pte(pte)
  if (pte_none(entry)) {
    if (vma_is_anonymous(vma)) return k.do_anonymous_page(mm, vma, addr, pmd, flags)
    return k.do_fault(mm, vma, addr, pmd, flags)
  }
  if (!pte_present(entry)) return k.do_swap_page(mm, vma, addr, pmd, flags, entry)
  const ptl = pte_lockptr(table)
  spin_lock(ptl)
  if (rd(pte) !== entry) {
    spin_unlock(ptl)
    return 0
  }
  let young = mkyoung(entry)
  if (flags & FAULT_FLAG_WRITE) {
    if (!pte_write(entry)) return k.do_wp_page(mm, vma, addr, pte, pmd, ptl, entry)
    young = mkdirty(young)
  }
  if (young !== entry) set_pte(pte, young)
  spin_unlock(ptl)
  return 0
}

/** A first access to a base page: the zero page for a read, a page of its own for a write. */
export function do_anonymous_page(mm: Mm, vma: Vma, addr: number, pmd: Pmdp, flags: number): number {
  const table = read_pmd(pmd)
  const pte = pte_offset(table, addr)
  const ptl = pte_lockptr(table)
  const guarded = k.stackGuardFault(vma, addr)
  if (guarded !== 0) return guarded
  if (!(flags & FAULT_FLAG_WRITE)) {
    spin_lock(ptl)
    if (pte_none(rd(pte) as Pte)) set_pte(pte, mk_pte(pfn_to_page(ZERO_PFN), vm_page_prot(vma)))
    spin_unlock(ptl)
    return 0
  }
  if (k.anon_vma_prepare(vma) !== 0) return VM_FAULT_OOM
  const page = alloc_zeroed_page()
  if (page === NULL) return VM_FAULT_OOM
  const entry = maybe_mkwrite(mkdirty(mk_pte(page, vm_page_prot(vma))), vma)
  spin_lock(ptl)
  if (!pte_none(rd(pte) as Pte)) {
    page_cache_release(page)
    spin_unlock(ptl)
    return 0
  }
  add_anon_rss(mm, 1)
  k.page_add_new_anon_rmap(page, vma, addr, false)
  k.lru_cache_add_active_or_unevictable(page, vma)
  set_pte(pte, entry)
  spin_unlock(ptl)
  return 0
}

/**
 * A write to a read-only entry: reuse the page if it is ours alone, else copy it. Enters with mmap_sem held for
 * reading and with ptl held; releases ptl.
 */
export function do_wp_page(mm: Mm, vma: Vma, addr: number, pte: Ptep, pmd: Pmdp, ptl: number, orig: Pte): number {
  const old = vm_normal_page(orig)
  if (old === NULL) {
    spin_unlock(ptl)
    return k.wp_page_copy(mm, vma, addr, pte, pmd, orig, old)
  }
  if (PageAnon(old)) {
    if (!lockPageUnderPtl(old, pte, ptl, orig)) return 0
    if (k.reuse_swap_page(old)) {
      // All ours: rmap need not search parents and siblings any more. The page lock keeps rmap out.
      k.page_move_anon_rmap(old, vma, addr)
      unlock_page(old)
      return k.wp_page_reuse(vma, pte, ptl, orig)
    }
    unlock_page(old)
  } else if (isSharedWritable(vma)) return k.wp_page_shared(vma, pte, ptl, orig, old)
  page_cache_get(old)
  spin_unlock(ptl)
  return k.wp_page_copy(mm, vma, addr, pte, pmd, orig, old)
}

/** Whether what is written in the vma is the file's. */
export const isSharedWritable = (vma: Vma): boolean =>
  (rd(vma + vm_area.vm_flags) & (VM_SHARED | VM_WRITE)) === (VM_SHARED | VM_WRITE)

/** A write to a page of a file that was made read-only to be seen (soft-dirty). Releases ptl. */
export function wp_page_shared(vma: Vma, pte: Ptep, ptl: number, orig: Pte, old: Page): number {
  page_cache_get(old)
  const ret = k.wp_page_reuse(vma, pte, ptl, orig)
  lock_page(old)
  SetPageDirty(old)
  unlock_page(old)
  page_cache_release(old)
  return ret
}

/**
 * The page lock, although ptl is held: try, else drop ptl and wait. False, with neither lock, if the entry changed
 * meanwhile. Every release of do_wp_page begins with it.
 */
export function lockPageUnderPtl(page: Page, pte: Ptep, ptl: number, orig: Pte): boolean {
  if (trylock_page(page)) return true
  page_cache_get(page)
  spin_unlock(ptl)
  lock_page(page)
  spin_lock(ptl)
  const same = rd(pte) === orig
  if (!same) {
    unlock_page(page)
    spin_unlock(ptl)
  }
  page_cache_release(page)
  return same
}

/** The page stays; the entry becomes writable. Releases ptl. */
export function wp_page_reuse(vma: Vma, pte: Ptep, ptl: number, orig: Pte): number {
  set_pte(pte, maybe_mkwrite(mkdirty(mkyoung(orig)), vma))
  spin_unlock(ptl)
  return VM_FAULT_WRITE
}

/**
 * A copy takes the place of `old` (NULL: of the zero page). Caller holds mmap_sem for reading and a reference of
 * `old`, which goes; no ptl. The source is copied without any lock: other mappers or a device can change it meanwhile.
 */
export function wp_page_copy(mm: Mm, vma: Vma, addr: number, pte: Ptep, pmd: Pmdp, orig: Pte, old: Page): number {
  const prepared = k.anon_vma_prepare(vma) === 0
  const fresh = !prepared ? (NULL as Page) : is_zero_pfn(pte_pfn(orig)) ? alloc_zeroed_page() : alloc_page()
  if (fresh === NULL) {
    if (old !== NULL) page_cache_release(old)
    return VM_FAULT_OOM
  }
  if (old !== NULL) k.copy_user_page(fresh, old)
  const ptl = pte_lockptr(read_pmd(pmd))
  spin_lock(ptl)
  const copied = rd(pte) === orig
  let drop = fresh
  if (copied) {
    accountCopy(mm, vma, old)
    set_pte(pte, 0 as Pte)
    k.page_add_new_anon_rmap(fresh, vma, addr, false)
    k.lru_cache_add_active_or_unevictable(fresh, vma)
    set_pte(pte, maybe_mkwrite(mkdirty(mk_pte(fresh, vm_page_prot(vma))), vma))
    // Only now, so that no second mapper reuses a page that a TLB may still show here.
    if (old !== NULL) k.page_remove_rmap(old, false, vma)
    drop = old
  }
  if (drop !== NULL) page_cache_release(drop)
  spin_unlock(ptl)
  if (old !== NULL) {
    // Others, with vmas that are not locked, shall not keep a mlocked page.
    if (copied && rdm(vma + vm_area.vm_flags, VM_LOCKED) !== 0) {
      lock_page(old)
      if (PageMlocked(old)) k.munlock_vma_page(old)
      unlock_page(old)
    }
    page_cache_release(old)
  }
  return copied ? VM_FAULT_WRITE : 0
}

/** The process maps an anonymous page more, in place of none (NULL: the zero page), of one of a file, or of another. */
export function accountCopy(mm: Mm, vma: Vma, old: Page): void {
  const fromFile = !vma_is_anonymous(vma) && old !== NULL && !PageAnon(old)
  if (fromFile) atomic_add(mm + mm_struct.shmem_rss, -1)
  if (fromFile || old === NULL) add_anon_rss(mm, 1)
}

/** copy_user_highpage: one base page, with nobody kept from writing to the source. */
export function copy_user_page(to: Page, from: Page): void {
  set_page_content(to, page_content(from))
}
