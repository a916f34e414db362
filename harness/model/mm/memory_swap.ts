// Entries of page tables that name a slot of the swap area, and what stands for it comes back, is forked or dropped
// (mm/memory.c, v4.5).

import { BUG_ON } from '../bug.ts'
import { k } from '../kernel.ts'
import { atomic_add, spin_lock, spin_unlock, test_bit } from '../ops.ts'
import { rd } from '../store.ts'
import { add_anon_rss, maybe_mkwrite, mkdirty, vm_page_prot } from './memory.ts'
import {
  FAULT_FLAG_WRITE,
  type Mm,
  mm_struct,
  NULL,
  type Page,
  type Pmdp,
  type Pte,
  type Ptep,
  VM_FAULT_ERROR,
  VM_FAULT_HWPOISON,
  VM_FAULT_OOM,
  VM_FAULT_WRITE,
  VM_LOCKED,
  type Vma,
  vm_area,
} from './mm_types.ts'
import { mmlistAdd, mmlistEmpty } from './mmlist.ts'
import {
  lock_page,
  PageHWPoison,
  PageMlocked,
  PageSwapCache,
  page_cache_release,
  page_swap_entry,
  unlock_page,
} from './page-flags.ts'
import { mk_pte, pte_lockptr, pte_offset, read_pmd, SOFT_DIRTY, set_pte } from './pgtable.ts'
import { vm_swap_full } from './swapfile_map.ts'
import { is_hwpoison_entry, is_migration_entry, is_swap_entry, pte_to_swp_entry } from './swapops.ts'
import { count_vm_event, PGMAJFAULT } from './vmstat.ts'

export const add_swap_ents = (mm: Mm, n: number): void => atomic_add(mm + mm_struct.swap_ents, n)

/**
 * A fault on an entry that is neither none nor present: a page that is being split or moved is waited for, a lost one
 * is gone, a swapped one comes back. Caller holds mmap_sem for reading.
 */
export function do_swap_page(mm: Mm, vma: Vma, addr: number, pmd: Pmdp, flags: number, orig: Pte): number {
  if (!is_swap_entry(orig)) {
    if (is_migration_entry(orig)) k.migration_entry_wait(addr, pmd)
    return is_hwpoison_entry(orig) ? VM_FAULT_HWPOISON : 0
  }
  const entry = pte_to_swp_entry(orig)
  let page = k.lookup_swap_cache(entry)
  if (page === NULL) {
    page = k.swapin_readahead(entry)
    if (page === NULL) return pteSame(pmd, addr, orig) ? VM_FAULT_OOM : 0
    count_vm_event(PGMAJFAULT)
  } else if (PageHWPoison(page)) {
    page_cache_release(page)
    return VM_FAULT_HWPOISON
  }
  lock_page(page)
  // The cache may have let it go meanwhile, and even taken it again for another slot.
  if (PageSwapCache(page) && page_swap_entry(page) === entry)
    return k.mapSwappedPage(mm, vma, addr, pmd, flags, orig, page)
  unlock_page(page)
  page_cache_release(page)
  return 0
}

function pteSame(pmd: Pmdp, addr: number, orig: Pte): boolean {
  const table = read_pmd(pmd)
  spin_lock(pte_lockptr(table))
  const same = rd(pte_offset(table, addr)) === orig
  spin_unlock(pte_lockptr(table))
  return same
}

/** The second half of do_swap_page: the page takes the entry's place. The page lock and a reference of the page go. */
export function mapSwappedPage(
  mm: Mm,
  vma: Vma,
  addr: number,
  pmd: Pmdp,
  flags: number,
  orig: Pte,
  page: Page,
): number {
  const entry = page_swap_entry(page)
  const table = read_pmd(pmd)
  const pte = pte_offset(table, addr)
  const ptl = pte_lockptr(table)
  spin_lock(ptl)
  if (rd(pte) !== orig) {
    spin_unlock(ptl)
    unlock_page(page)
    page_cache_release(page)
    return 0
  }
  add_anon_rss(mm, 1)
  add_swap_ents(mm, -1)
  let mapped = (mk_pte(page, vm_page_prot(vma)) | (orig & SOFT_DIRTY)) as Pte
  // As in do_wp_page: whoever is alone writes to the page itself.
  const exclusive = (flags & FAULT_FLAG_WRITE) !== 0 && k.reuse_swap_page(page)
  if (exclusive) mapped = maybe_mkwrite(mkdirty(mapped), vma)
  set_pte(pte, mapped)
  k.do_page_add_anon_rmap(page, vma, addr, exclusive)
  k.swap_free(entry)
  if (vm_swap_full() || test_bit(vma + vm_area.vm_flags, VM_LOCKED) || PageMlocked(page)) k.try_to_free_swap(page)
  unlock_page(page)
  if (flags & FAULT_FLAG_WRITE && !exclusive) {
    const ret = k.do_wp_page(mm, vma, addr, pte, pmd, ptl, mapped)
    return ret & VM_FAULT_ERROR ? ret & VM_FAULT_ERROR : ret
  }
  spin_unlock(ptl)
  return exclusive ? VM_FAULT_WRITE : 0
}

/** Fork: the child names the slot, too. Caller holds both PTE locks. */
export function copySwapEntry(dst: Mm, src: Mm, dst_pte: Ptep, entry: Pte): void {
  const err = k.swap_duplicate(pte_to_swp_entry(entry))
  BUG_ON(err !== 0, 'swap_duplicate(entry)')
  if (mmlistEmpty(dst)) mmlistAdd(dst, src)
  add_swap_ents(dst, 1)
  set_pte(dst_pte, entry)
}

/** munmap, MADV_DONTNEED and exit: nobody wants it any more. Caller holds the PTE lock. */
export function zapSwapEntry(mm: Mm, entry: Pte): void {
  add_swap_ents(mm, -1)
  k.free_swap_and_cache(pte_to_swp_entry(entry))
}
