// Whole ranges of page tables: copied by fork, zapped by munmap, MADV_DONTNEED and exit (the first half of
// mm/memory.c, v4.5).

import { f_mapping, vma_is_anonymous } from '../fs/inode.ts'
import { k } from '../kernel.ts'
import { atomic_add, READ_ONCE, spin_lock, spin_unlock } from '../ops.ts'
import { rd, rdm } from '../store.ts'
import { is_vm_hugetlb_page } from './hugetlb_hstate.ts'
import { HPAGE_PMD_NR } from './init.ts'
import { i_mmap_lock_write, i_mmap_unlock_write } from './interval_tree.ts'
import { add_anon_rss, mkold, vm_normal_page, wrprotect } from './memory.ts'
import { add_shmem_rss } from './memory_file.ts'
import {
  type AddressSpace,
  type Mm,
  mm_struct,
  NULL,
  type Page,
  type Pmd,
  type Pmdp,
  type Pte,
  type Ptep,
  page as struct_page,
  VM_SHARED,
  type Vma,
  vm_area,
} from './mm_types.ts'
import { get_page, PageAnon, SetPageDirty } from './page-flags.ts'
import {
  DIRTY,
  pmd_alloc,
  pmd_none,
  pmd_offset,
  pmd_pgtable,
  pmd_trans_huge,
  pte_free,
  pte_lockptr,
  pte_none,
  pte_offset,
  pte_present,
  read_pmd,
  set_pmd,
  set_pte,
} from './pgtable.ts'
import {
  is_migration_entry,
  is_swap_entry,
  is_write_migration_entry,
  make_migration_entry_read,
  migration_entry_to_page,
} from './swapops.ts'

/** Pages taken out of page tables, to be put once the TLB is flushed (struct mmu_gather). */
export type Gather = Page[]

// ---- fork --------------------------------------------------------------------------------------------------------

/**
 * Copies a parent's page tables of one vma to its child, write-protecting both. Caller holds both mmap_sems for
 * writing.
 */
export function copy_page_range(dst: Mm, src: Mm, vma: Vma): void {
  if (is_vm_hugetlb_page(vma)) {
    k.copy_hugetlb_page_range(dst, src, vma)
    return
  }
  if (rd(vma + vm_area.anon_vma) === 0) return
  const end = rd(vma + vm_area.vm_end)
  let next = 0
  for (let addr = rd(vma + vm_area.vm_start); addr < end; addr = next) {
    next = pmd_addr_end(addr, end)
    const from = pmd_offset(src, addr)
    if (from === NULL || pmd_none(read_pmd(from))) continue
    const to = pmd_alloc(dst, addr)
    if (pmd_trans_huge(read_pmd(from)) && k.copy_huge_pmd(dst, src, to, from, addr, vma)) continue
    k.copy_pte_range(dst, src, to, from, addr, next, vma)
  }
}

/** The end of the PMD's piece of addr..end. */
export const pmd_addr_end = (addr: number, end: number): number =>
  Math.min((addr + HPAGE_PMD_NR) & ~(HPAGE_PMD_NR - 1), end)

export function copy_pte_range(dst: Mm, src: Mm, to: Pmdp, from: Pmdp, addr: number, end: number, vma: Vma): void {
  if (pmd_none(read_pmd(to))) k.__pte_alloc(dst, to, addr)
  const dst_table = read_pmd(to)
  const src_table = read_pmd(from)
  spin_lock(pte_lockptr(dst_table))
  spin_lock(pte_lockptr(src_table))
  const rss: Rss = { anon: 0, shmem: 0 }
  for (let a = addr; a < end; a++) {
    const src_pte = pte_offset(src_table, a)
    if (!pte_none(rd(src_pte) as Pte)) k.copy_one_pte(dst, src, pte_offset(dst_table, a), src_pte, vma, rss)
  }
  spin_unlock(pte_lockptr(src_table))
  add_mm_rss_vec(dst, rss)
  spin_unlock(pte_lockptr(dst_table))
}

/** Pages that a process maps more, by kind, until they are added to its counts all at once. */
export interface Rss {
  anon: number
  shmem: number
}

function add_mm_rss_vec(mm: Mm, { anon, shmem }: Rss): void {
  add_anon_rss(mm, anon)
  if (shmem !== 0) add_shmem_rss(mm, shmem)
}

/** mm_counter: the page counts as anonymous or as the file's. A vma without a file has only anonymous ones. */
function count(rss: Rss, vma: Vma, page: Page, n: number): void {
  if (vma_is_anonymous(vma) || PageAnon(page)) rss.anon += n
  else rss.shmem += n
}

/** Copies one entry; `rss` is what the child gains. Caller holds both PTE locks. */
export function copy_one_pte(dst: Mm, src: Mm, dst_pte: Ptep, src_pte: Ptep, vma: Vma, rss: Rss): void {
  const old = rd(src_pte) as Pte
  if (is_swap_entry(old)) {
    k.copySwapEntry(dst, src, dst_pte, old)
    return
  }
  if (!pte_present(old)) {
    copyNonSwapEntry(dst_pte, src_pte, vma, rss)
    return
  }
  // is_cow_mapping; what is shared stays writable, and is clean in the child.
  const shared = rdm(vma + vm_area.vm_flags, VM_SHARED) !== 0
  const entry = shared ? ((old & ~DIRTY) as Pte) : wrprotect(old)
  if (!shared && entry !== old) set_pte(src_pte, entry)
  const page = vm_normal_page(entry)
  if (page !== NULL) {
    get_page(page)
    k.page_dup_rmap(page, false)
    count(rss, vma, page, 1)
  }
  set_pte(dst_pte, mkold(entry))
}

/**
 * The child inherits the entry, without a reference or a map: whoever put it there finds the child's too, as its vma is
 * tied to the anon_vma already. Both become read-only, unless they share.
 */
function copyNonSwapEntry(dst_pte: Ptep, src_pte: Ptep, vma: Vma, rss: Rss): void {
  const entry = rd(src_pte) as Pte
  if (!is_migration_entry(entry)) {
    // A hwpoison entry is the same for all.
    set_pte(dst_pte, entry)
    return
  }
  count(rss, vma, migration_entry_to_page(entry), 1)
  const shared = rdm(vma + vm_area.vm_flags, VM_SHARED) !== 0
  const copied = shared ? entry : make_migration_entry_read(entry)
  if (!shared && is_write_migration_entry(entry)) set_pte(src_pte, copied)
  set_pte(dst_pte, copied)
}

// ---- zapping -----------------------------------------------------------------------------------------------------

/** MADV_DONTNEED: what stands in the range is dropped. Caller holds mmap_sem for reading. */
export function zap_page_range(vma: Vma, start: number, end: number): void {
  const tlb: Gather = []
  k.lru_add_drain()
  k.unmap_page_range(tlb, vma, start, end)
  k.tlb_finish_mmu(tlb)
}

/** MMU_GATHER_BUNDLE and MAX_GATHER_BATCH: pages that the first batch of a gather has, and each further one. */
const FIRST_BATCH = 8
const BATCH = 510

/** The TLB is flushed, the gathered pages are put, batch by batch. */
export function tlb_finish_mmu(tlb: Gather): void {
  for (let from = 0, to = FIRST_BATCH; from < tlb.length; from = to, to += BATCH) {
    k.free_pages_and_swap_cache(tlb.slice(from, to))
  }
}

/** All of start..end of a vma: of hugetlb under the lock of those who map the file. */
export function unmap_single_vma(tlb: Gather, vma: Vma, start: number, end: number): void {
  if (!is_vm_hugetlb_page(vma)) {
    k.unmap_page_range(tlb, vma, start, end)
    return
  }
  i_mmap_lock_write(f_mapping(vma))
  k.__unmap_hugepage_range_final(tlb, vma, start, end)
  i_mmap_unlock_write(f_mapping(vma))
}

/**
 * With `check_mapping` only pages of that file go, not what was copied from it, nor what is swapped out or being moved.
 */
export function unmap_page_range(
  tlb: Gather,
  vma: Vma,
  start: number,
  end: number,
  check_mapping: AddressSpace = NULL,
): void {
  const mm = rd(vma + vm_area.vm_mm) as Mm
  let next = 0
  for (let addr = start; addr < end; addr = next) {
    next = pmd_addr_end(addr, end)
    const pmd = pmd_offset(mm, addr)
    if (pmd === NULL) continue
    if (pmd_trans_huge(read_pmd(pmd))) {
      if (next - addr !== HPAGE_PMD_NR) k.__split_huge_pmd(vma, pmd, addr)
      else if (k.zap_huge_pmd(tlb, vma, pmd, addr)) continue
    }
    // pmd_none_or_trans_huge_or_clear_bad: others with mmap_sem for reading may have been here.
    if (pmd_none(read_pmd(pmd)) || pmd_trans_huge(read_pmd(pmd))) continue
    k.zap_pte_range(tlb, vma, pmd, addr, next, check_mapping)
  }
}

export function zap_pte_range(
  tlb: Gather,
  vma: Vma,
  pmd: Pmdp,
  addr: number,
  end: number,
  check_mapping: AddressSpace,
): void {
  const table = read_pmd(pmd)
  const ptl = pte_lockptr(table)
  const rss: Rss = { anon: 0, shmem: 0 }
  spin_lock(ptl)
  for (let a = addr; a < end; a++) {
    const pte = pte_offset(table, a)
    const entry = rd(pte) as Pte
    if (pte_none(entry)) continue
    if (!pte_present(entry)) {
      if (check_mapping !== NULL) continue
      if (is_swap_entry(entry)) {
        k.zapSwapEntry(rd(vma + vm_area.vm_mm) as Mm, entry)
      } else if (is_migration_entry(entry)) {
        // A page that is being split or moved: nothing of it is counted here but the process's own sum.
        count(rss, vma, migration_entry_to_page(entry), -1)
      }
      set_pte(pte, 0 as Pte)
      continue
    }
    const page = vm_normal_page(entry)
    if (check_mapping !== NULL && page !== NULL && READ_ONCE(page + struct_page.mapping) !== check_mapping) continue
    set_pte(pte, 0 as Pte)
    if (page === NULL) continue
    count(rss, vma, page, -1)
    if (entry & DIRTY && !vma_is_anonymous(vma) && !PageAnon(page)) SetPageDirty(page)
    k.page_remove_rmap(page, false, vma)
    tlb.push(page)
  }
  add_mm_rss_vec(rd(vma + vm_area.vm_mm) as Mm, rss)
  spin_unlock(ptl)
}

/** Gives back the PTE tables of start..end where floor..ceiling leaves nobody who could need them. */
export function free_pgd_range(mm: Mm, start: number, end: number, floor: number, ceiling: number): void {
  for (let addr = start & ~(HPAGE_PMD_NR - 1); addr < end; addr += HPAGE_PMD_NR) {
    if (addr < floor || addr + HPAGE_PMD_NR > ceiling) continue
    const pmd = pmd_offset(mm, addr)
    if (pmd === NULL) continue
    const table = read_pmd(pmd)
    if (pmd_none(table)) continue
    set_pmd(pmd, 0 as Pmd)
    atomic_add(mm + mm_struct.nr_ptes, -1)
    pte_free(pmd_pgtable(table))
  }
}
