// MADV_FREE (mm/madvise.c, v4.5): what stands in a range may be lost when memory is short, and until then may be read;
// a page that is written to is kept again. The dirty bits say so: they are taken away, and reclaim drops what has none.

import { vma_is_anonymous } from '../fs/inode.ts'
import { k } from '../kernel.ts'
import { atomic_read, spin_lock, spin_unlock } from '../ops.ts'
import { rd } from '../store.ts'
import { EINVAL } from './errno.ts'
import { is_huge_zero_pmd } from './huge_memory.ts'
import { HPAGE_PMD_NR } from './init.ts'
import { mkold, vm_normal_page } from './memory.ts'
import { pmd_addr_end } from './memory_range.ts'
import {
  type Mm,
  NULL,
  type Page,
  type Pmd,
  type Pmdp,
  type Pte,
  VM_HUGETLB,
  VM_LOCKED,
  type Vma,
  vm_area,
} from './mm_types.ts'
import {
  ClearPageDirty,
  get_page,
  PageDirty,
  PageSwapCache,
  PageTransCompound,
  page_mapcount,
  put_page,
  trylock_page,
  unlock_page,
} from './page-flags.ts'
import {
  ACCESSED,
  DIRTY,
  pmd_lockptr,
  pmd_none,
  pmd_offset,
  pmd_page,
  pmd_trans_huge,
  pmdp_clear_flush,
  pte_lockptr,
  pte_none,
  pte_offset,
  pte_present,
  ptep_clear_flush,
  read_pmd,
  read_pte,
  set_pmd,
  set_pte,
} from './pgtable.ts'
import { swap_info } from './swapfile_map.ts'
import { is_swap_entry } from './swapops.ts'

const mkclean = <E extends Pte | Pmd>(e: E): E => (e & ~DIRTY) as E

/** 0 or -EINVAL; where swap is full, or there is none, as MADV_DONTNEED. Caller holds mmap_sem for reading. */
export function madvise_free(vma: Vma, start: number, end: number): number {
  if (atomic_read(swap_info.nr_swap_pages) <= 0) return k.madvise_dontneed(vma, start, end)
  if (!vma_is_anonymous(vma) || rd(vma + vm_area.vm_flags) & (VM_LOCKED | VM_HUGETLB)) return -EINVAL
  const mm = rd(vma + vm_area.vm_mm) as Mm
  k.lru_add_drain()
  for (let addr = start, next = 0; addr < end; addr = next) {
    next = pmd_addr_end(addr, end)
    const pmd = pmd_offset(mm, addr)
    if (pmd === NULL || pmd_none(read_pmd(pmd))) continue
    if (pmd_trans_huge(read_pmd(pmd)) && k.madvise_free_huge_pmd(mm, pmd, addr, next)) continue
    if (!pmd_trans_huge(read_pmd(pmd)) && !pmd_none(read_pmd(pmd))) k.madvise_free_pte_range(vma, pmd, addr, next)
  }
  return 0
}

/** The part of the range that one page table maps. */
export function madvise_free_pte_range(vma: Vma, pmd: Pmdp, addr: number, end: number): void {
  const mm = rd(vma + vm_area.vm_mm) as Mm
  const table = read_pmd(pmd)
  const ptl = pte_lockptr(table)
  spin_lock(ptl)
  for (let a = addr; a < end; a++) {
    const pte = pte_offset(table, a)
    const ptent = read_pte(pte)
    if (pte_none(ptent)) continue
    if (!pte_present(ptent)) {
      if (!is_swap_entry(ptent)) continue
      k.zapSwapEntry(mm, ptent)
      set_pte(pte, 0 as Pte)
      continue
    }
    const page = vm_normal_page(ptent)
    if (page === NULL) continue
    if (PageTransCompound(page)) {
      if (!splitForFree(page, ptl)) break
      a--
      continue
    }
    if (!forgetDirty(page)) continue
    if (!(read_pte(pte) & (ACCESSED | DIRTY))) continue
    set_pte(pte, mkclean(mkold(ptep_clear_flush(pte))))
    k.deactivate_page(page)
  }
  spin_unlock(ptl)
}

/**
 * Whether a page that a page table maps a part of could be split. Caller holds the PTE lock, which is dropped and taken
 * again.
 */
function splitForFree(page: Page, ptl: number): boolean {
  if (page_mapcount(page) !== 1) return false
  get_page(page)
  if (!trylock_page(page)) {
    put_page(page)
    return false
  }
  spin_unlock(ptl)
  const failed = k.split_huge_page_to_list(page) !== 0
  unlock_page(page)
  put_page(page)
  spin_lock(ptl)
  return !failed
}

/** False: others map the page, or its slot, whose bytes it has. Caller holds the PTE lock. */
function forgetDirty(page: Page): boolean {
  if (!PageSwapCache(page) && !PageDirty(page)) return true
  if (!trylock_page(page)) return false
  const ours = page_mapcount(page) === 1 && (!PageSwapCache(page) || k.try_to_free_swap(page))
  if (ours) ClearPageDirty(page)
  unlock_page(page)
  return ours
}

/** Whether that was all: else the huge page is mapped by PTEs now, and those are to be gone through. */
export function madvise_free_huge_pmd(mm: Mm, pmd: Pmdp, addr: number, end: number): boolean {
  const ptl = pmd_lockptr(mm, addr)
  spin_lock(ptl)
  const orig = read_pmd(pmd)
  if (!pmd_trans_huge(orig) || is_huge_zero_pmd(orig)) {
    spin_unlock(ptl)
    return pmd_trans_huge(orig)
  }
  const page = pmd_page(orig)
  if (page_mapcount(page) !== 1 || !trylock_page(page)) {
    spin_unlock(ptl)
    return true
  }
  if (end - addr !== HPAGE_PMD_NR) {
    get_page(page)
    spin_unlock(ptl)
    const failed = k.split_huge_page_to_list(page) !== 0
    put_page(page)
    unlock_page(page)
    return failed
  }
  if (PageDirty(page)) ClearPageDirty(page)
  unlock_page(page)
  if (read_pmd(pmd) & (ACCESSED | DIRTY)) set_pmd(pmd, mkclean(mkold(pmdp_clear_flush(pmd))))
  spin_unlock(ptl)
  k.deactivate_page(page)
  return true
}
