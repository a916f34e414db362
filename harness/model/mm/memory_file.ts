// Faults on pages of files, and a file taken out of page tables (do_fault and unmap_mapping_range of mm/memory.c,
// v4.5).

import { f_mapping, host, i_size_read } from '../fs/inode.ts'
import { k } from '../kernel.ts'
import { atomic_add, READ_ONCE, spin_lock, spin_unlock } from '../ops.ts'
import { rcu_read_lock, rcu_read_unlock } from '../rcu.ts'
import { rd } from '../store.ts'
import { find_get_page } from './filemap.ts'
import { HPAGE_PMD_NR } from './init.ts'
import { i_mmap_lock_write, i_mmap_unlock_write, vma_interval_tree_foreach } from './interval_tree.ts'
import { add_anon_rss, maybe_mkwrite, mkdirty, vm_page_prot } from './memory.ts'
import type { Gather } from './memory_range.ts'
import {
  type AddressSpace,
  FAULT_FLAG_WRITE,
  type Mm,
  mm_struct,
  NULL,
  type Page,
  type Pmdp,
  type Pte,
  type Ptep,
  page as struct_page,
  VM_FAULT_HWPOISON,
  VM_FAULT_OOM,
  VM_SHARED,
  type Vma,
  vm_area,
} from './mm_types.ts'
import { alloc_page } from './page_alloc.ts'
import {
  PageAnon,
  PageHWPoison,
  PageUptodate,
  page_cache_release,
  SetPageDirty,
  trylock_page,
  unlock_page,
} from './page-flags.ts'
import { mk_pte, pte_lockptr, pte_none, pte_offset, read_pmd, set_pte } from './pgtable.ts'

/** MM_SHMEMPAGES: what a process maps of tmpfs. */
export const add_shmem_rss = (mm: Mm, n: number): void => atomic_add(mm + mm_struct.shmem_rss, n)

/** mm_counter: one page more (1) or less (-1) that a process maps, whichever it is. */
export function add_mm_counter(mm: Mm, page: Page, n: number): void {
  if (PageAnon(page)) add_anon_rss(mm, n)
  else add_shmem_rss(mm, n)
}

// ---- faults ------------------------------------------------------------------------------------------------------

/** A first access to a page of a file: VM_FAULT bits. Caller holds mmap_sem for reading. */
export function do_fault(mm: Mm, vma: Vma, addr: number, pmd: Pmdp, flags: number): number {
  const pgoff = addr - rd(vma + vm_area.vm_start) + rd(vma + vm_area.vm_pgoff)
  if (!(flags & FAULT_FLAG_WRITE)) return k.do_read_fault(mm, vma, addr, pmd, pgoff, flags)
  if (!(rd(vma + vm_area.vm_flags) & VM_SHARED)) return k.do_cow_fault(mm, vma, addr, pmd, pgoff, flags)
  return k.do_shared_fault(mm, vma, addr, pmd, pgoff, flags)
}

/** What a fault handler found: a page with a reference, locked; or NULL, and in `ret` why. */
export interface Faulted {
  readonly page: Page
  readonly ret: number
}

/** The page of the file, from its own fault handler. */
export function __do_fault(vma: Vma, pgoff: number, flags: number): Faulted {
  const found = k.shmem_fault(vma, pgoff, flags)
  if (found.page === NULL || !PageHWPoison(found.page)) return found
  unlock_page(found.page)
  page_cache_release(found.page)
  return { page: NULL, ret: VM_FAULT_HWPOISON }
}

/**
 * Maps what it can of the pages around first; then the page itself, as the vma allows: if shared also to be written.
 */
export function do_read_fault(mm: Mm, vma: Vma, addr: number, pmd: Pmdp, pgoff: number, flags: number): number {
  const table = read_pmd(pmd)
  const pte = pte_offset(table, addr)
  const ptl = pte_lockptr(table)
  spin_lock(ptl)
  k.do_fault_around(vma, addr, pte, pgoff)
  const around = !pte_none(rd(pte) as Pte)
  spin_unlock(ptl)
  if (around) return 0
  const { page, ret } = k.__do_fault(vma, pgoff, flags)
  if (page === NULL) return ret
  return mapFaulted(mm, vma, pte, ptl, page, false)
}

/** The first write to a private page: a copy of what the file has, anonymous from the start. */
export function do_cow_fault(mm: Mm, vma: Vma, addr: number, pmd: Pmdp, pgoff: number, flags: number): number {
  if (k.anon_vma_prepare(vma) !== 0) return VM_FAULT_OOM
  const new_page = alloc_page()
  if (new_page === NULL) return VM_FAULT_OOM
  const { page, ret } = k.__do_fault(vma, pgoff, flags)
  if (page === NULL) {
    page_cache_release(new_page)
    return ret
  }
  k.copy_user_page(new_page, page)
  const table = read_pmd(pmd)
  const pte = pte_offset(table, addr)
  spin_lock(pte_lockptr(table))
  const mine = pte_none(rd(pte) as Pte)
  if (mine) {
    add_anon_rss(mm, 1)
    k.page_add_new_anon_rmap(new_page, vma, addr, false)
    set_pte(pte, maybe_mkwrite(mkdirty(mk_pte(new_page, vm_page_prot(vma))), vma))
    k.lru_cache_add_active_or_unevictable(new_page, vma)
  }
  spin_unlock(pte_lockptr(table))
  // The lock of the page kept truncation out: it zaps what it finds mapped after it has taken pages from the file.
  unlock_page(page)
  page_cache_release(page)
  if (!mine) page_cache_release(new_page)
  return 0
}

/** The first write to a shared page, which is the file's. */
export function do_shared_fault(mm: Mm, vma: Vma, addr: number, pmd: Pmdp, pgoff: number, flags: number): number {
  const { page, ret } = k.__do_fault(vma, pgoff, flags)
  if (page === NULL) return ret
  const table = read_pmd(pmd)
  return mapFaulted(mm, vma, pte_offset(table, addr), pte_lockptr(table), page, true)
}

/**
 * The end of do_read_fault and do_shared_fault: the page is mapped unless another fault was first. Gives up lock and
 * reference.
 */
function mapFaulted(mm: Mm, vma: Vma, pte: Ptep, ptl: number, page: Page, write: boolean): number {
  spin_lock(ptl)
  const mine = pte_none(rd(pte) as Pte)
  if (mine) k.do_set_pte(mm, vma, page, pte, write)
  spin_unlock(ptl)
  if (mine && write) SetPageDirty(page)
  unlock_page(page)
  if (!mine) page_cache_release(page)
  return 0
}

/**
 * An empty entry maps a page of the file, whose reference it takes over. Caller holds the page lock and the PTE lock.
 */
export function do_set_pte(mm: Mm, vma: Vma, page: Page, pte: Ptep, write: boolean): void {
  const entry = mk_pte(page, vm_page_prot(vma))
  add_shmem_rss(mm, 1)
  k.page_add_file_rmap(page, vma)
  set_pte(pte, write ? maybe_mkwrite(mkdirty(entry), vma) : entry)
}

// ---- fault-around --------------------------------------------------------------------------------------------------

/** fault_around_bytes, in pages. */
const FAULT_AROUND = 16

/**
 * Pages of the file around `addr` that are at hand get mapped along with it: within 64K, one page table, and the vma.
 * Caller holds the PTE lock.
 */
export function do_fault_around(vma: Vma, addr: number, pte: Ptep, pgoff: number): void {
  const nr_pages = Math.min(FAULT_AROUND, HPAGE_PMD_NR)
  const start = Math.max(addr & ~(nr_pages - 1), rd(vma + vm_area.vm_start))
  const endOfTable = (start | (HPAGE_PMD_NR - 1)) + 1
  const end = Math.min(start + nr_pages, endOfTable, rd(vma + vm_area.vm_end))
  let first = start
  while (first < end && !pte_none(rd(pte + first - addr) as Pte)) first++
  if (first < end) k.filemap_map_pages(vma, first, end, (pte + first - addr) as Ptep, pgoff + first - addr)
}

/**
 * mm/filemap.c: maps the pages of the file that nobody has locked where nothing is mapped yet, at start..end; `pte` and
 * `pgoff` are those of `start`. Caller holds the PTE lock.
 */
export function filemap_map_pages(vma: Vma, start: number, end: number, pte: Ptep, pgoff: number): void {
  const mapping = f_mapping(vma)
  const mm = rd(vma + vm_area.vm_mm) as Mm
  rcu_read_lock()
  for (let i = 0; i < end - start; i++) {
    const page = find_get_page(mapping, pgoff + i)
    if (page === NULL) continue
    if (!PageUptodate(page) || PageHWPoison(page) || !trylock_page(page)) {
      page_cache_release(page)
      continue
    }
    const at = (pte + i) as Ptep
    if (k.stillInFile(page, mapping, pgoff + i) && pte_none(rd(at) as Pte)) {
      k.do_set_pte(mm, vma, page, at, false)
      unlock_page(page)
    } else {
      unlock_page(page)
      page_cache_release(page)
    }
  }
  rcu_read_unlock()
}

/** Nobody has taken it away before it was locked. Caller holds the page lock. */
export const stillInFile = (page: Page, mapping: AddressSpace, index: number): boolean =>
  READ_ONCE(page + struct_page.mapping) === mapping && index < i_size_read(host(mapping))

// ---- unmapping -----------------------------------------------------------------------------------------------------

/**
 * Takes pages start..end of a file out of all page tables; with `even_cows` also private copies of them. Takes
 * i_mmap_rwsem.
 */
export function unmap_mapping_range(mapping: AddressSpace, start: number, end: number, even_cows: boolean): void {
  i_mmap_lock_write(mapping)
  vma_interval_tree_foreach(mapping, start, end - 1, vma => {
    const vm_start = rd(vma + vm_area.vm_start)
    const vba = rd(vma + vm_area.vm_pgoff)
    const from = Math.max(start, vba)
    const to = Math.min(end, vba + rd(vma + vm_area.vm_end) - vm_start)
    k.zap_page_range_single(vma, vm_start + from - vba, vm_start + to - vba, even_cows ? NULL : mapping)
  })
  i_mmap_unlock_write(mapping)
}

/** As zap_page_range; with `check_mapping` only what is that file's. Caller holds i_mmap_rwsem. */
export function zap_page_range_single(vma: Vma, start: number, end: number, check_mapping: AddressSpace): void {
  const tlb: Gather = []
  k.lru_add_drain()
  k.unmap_page_range(tlb, vma, start, end, check_mapping)
  k.tlb_finish_mmu(tlb)
}
