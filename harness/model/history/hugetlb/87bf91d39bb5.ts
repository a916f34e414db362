// 87bf91d39bb5 "hugetlbfs: Use i_mmap_rwsem to address page fault/truncate race", with c0d0381ade79 "hugetlbfs: use
// i_mmap_rwsem for more pmd sharing synchronization" that it builds on (both v5.7), and for hugetlb_cow e7dd91c456a8
// (v5.10), without which a theft from children would wait for itself.
//
// Before, a fault and a truncation met anywhere: a fault that had its page already found the file shorter under the
// page table lock and backed out, but its reservation was not as before, and its page stayed in the cache behind the
// end of the file. After, a fault holds i_mmap_rwsem for reading, and the file becomes shorter under it.

import { BUG_ON } from '../../bug.ts'
import * as truncate from '../../fs/hugetlbfs_truncate.ts'
import { f_mapping, host, i_data, i_size_read, i_size_write } from '../../fs/inode.ts'
import { k } from '../../kernel.ts'
import { EEXIST, IS_ERR } from '../../mm/errno.ts'
import { find_lock_page } from '../../mm/filemap.ts'
import * as cow from '../../mm/hugetlb_cow.ts'
import * as fault from '../../mm/hugetlb_fault.ts'
import { clear_huge_page, hugetlb_fault_mutex_table, isShared } from '../../mm/hugetlb_fault.ts'
import {
  hstate_inode,
  hstate_vma,
  huge_page_mask,
  huge_page_order,
  pages_per_huge_page,
} from '../../mm/hugetlb_hstate.ts'
import { set_page_huge_active } from '../../mm/hugetlb_pool.ts'
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
} from '../../mm/hugetlb_pte.ts'
import { hugetlb_count_add } from '../../mm/hugetlb_range.ts'
import { TO_END } from '../../mm/hugetlb_region.ts'
import { HPAGE_RESV_UNMAPPED, is_vma_resv_set, vma_hugecache_offset } from '../../mm/hugetlb_resv.ts'
import { i_mmap_lock_read, i_mmap_lock_write, i_mmap_unlock_read, i_mmap_unlock_write } from '../../mm/interval_tree.ts'
import {
  type AddressSpace,
  FAULT_FLAG_WRITE,
  type Inode,
  type Mm,
  NULL,
  type Page,
  type Pmd,
  type Pmdp,
  VM_FAULT_HWPOISON,
  VM_FAULT_OOM,
  VM_FAULT_SIGBUS,
  VM_MAYSHARE,
  VM_SHARED,
  VM_WRITE,
  type Vma,
} from '../../mm/mm_types.ts'
import {
  ClearPagePrivate,
  lock_page,
  PageHWPoison,
  put_page,
  unlock_page,
  wait_on_page_locked,
} from '../../mm/page-flags.ts'
import { read_pmd } from '../../mm/pgtable.ts'
import { down_write as mutex_lock, up_write as mutex_unlock, spin_unlock } from '../../ops.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'

/** Caller holds mmap_sem for reading. Takes i_mmap_rwsem for reading, then the fault mutex. */
function hugetlb_fault(mm: Mm, vma: Vma, address: number, flags: number): number {
  const h = hstate_vma(vma)
  const addr = address & huge_page_mask(h)
  const there = huge_pte_offset(mm, addr, h)
  if (there !== NULL && is_hugetlb_entry_migration(read_pmd(there))) {
    k.migration_entry_wait_huge(huge_pte_lockptr(h, mm, addr), there)
    return 0
  }
  if (there !== NULL && is_hugetlb_entry_hwpoisoned(read_pmd(there))) return VM_FAULT_HWPOISON
  const mapping = f_mapping(vma)
  i_mmap_lock_read(mapping)
  const ptep = huge_pte_alloc(mm, addr, h)
  const idx = vma_hugecache_offset(h, vma, addr)
  const mutex = hugetlb_fault_mutex_table(k.hugetlb_fault_mutex_hash(vma, mm, mapping, idx, addr))
  mutex_lock(mutex)
  const entry = read_pmd(ptep)
  let ret = 0
  let wait = NULL as Page
  if (huge_pte_none(entry)) ret = k.hugetlb_no_page(mm, vma, mapping, idx, addr, ptep, flags)
  else if (huge_pte_present(entry)) [ret, wait] = k.hugetlb_present(mm, vma, addr, ptep, entry, flags)
  mutex_unlock(mutex)
  i_mmap_unlock_read(mapping)
  if (wait !== NULL) wait_on_page_locked(wait)
  return ret
}

/**
 * The end of the file stands still: it is looked at once. Caller holds i_mmap_rwsem for reading and the fault mutex.
 */
function hugetlb_no_page(
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
  if (is_vma_resv_set(vma, HPAGE_RESV_UNMAPPED)) return VM_FAULT_SIGBUS
  if (idx >= i_size_read(host(mapping)) >> huge_page_order(h)) return VM_FAULT_SIGBUS
  let anon_rmap = false
  let page = find_lock_page(mapping, idx)
  if (page !== NULL && PageHWPoison(page)) {
    unlock_page(page)
    put_page(page)
    return VM_FAULT_HWPOISON
  }
  while (page === NULL) {
    page = k.alloc_huge_page(vma, addr, false)
    if (IS_ERR(page)) return k.faultWithoutPage(h, mm, addr, ptep, page)
    clear_huge_page(page, nr)
    set_page_huge_active(page)
    if (!isShared(vma, VM_MAYSHARE)) {
      lock_page(page)
      if (k.anon_vma_prepare(vma) !== 0) {
        unlock_page(page)
        k.putUnmappedPage(vma, addr, page)
        return VM_FAULT_OOM
      }
      anon_rmap = true
    } else if (k.huge_add_to_page_cache(page, mapping, idx) === -EEXIST) {
      put_page(page)
      page = find_lock_page(mapping, idx)
    }
  }
  const breaksCow = (flags & FAULT_FLAG_WRITE) !== 0 && !isShared(vma, VM_SHARED)
  if (breaksCow) {
    if (k.vma_needs_reservation(h, vma, addr) < 0) {
      unlock_page(page)
      k.putUnmappedPage(vma, addr, page)
      return VM_FAULT_OOM
    }
    k.vma_end_reservation(h, vma, addr)
  }
  const ptl = huge_pte_lock(h, mm, addr)
  if (!huge_pte_none(rd(ptep) as Pmd)) {
    spin_unlock(ptl)
    unlock_page(page)
    k.putUnmappedPage(vma, addr, page)
    return 0
  }
  if (anon_rmap) {
    ClearPagePrivate(page)
    k.hugepage_add_new_anon_rmap(page, vma, addr)
  } else {
    k.hugetlb_dup_rmap(page)
  }
  const entry = make_huge_pte(vma, page, isShared(vma, VM_SHARED) && isShared(vma, VM_WRITE))
  set_huge_pte_at(h, ptep, entry)
  hugetlb_count_add(mm, nr)
  const ret = breaksCow ? k.hugetlb_cow(mm, vma, addr, ptep, entry, page, ptl) : 0
  spin_unlock(ptl)
  unlock_page(page)
  return ret
}

/** Around unmap_ref_private, which takes i_mmap_rwsem for writing, what the fault holds is dropped. */
function stealFromChildren(mm: Mm, vma: Vma, page: Page, addr: number): void {
  const mapping = f_mapping(vma)
  const idx = vma_hugecache_offset(hstate_vma(vma), vma, addr)
  const mutex = hugetlb_fault_mutex_table(k.hugetlb_fault_mutex_hash(vma, mm, mapping, idx, addr))
  mutex_unlock(mutex)
  i_mmap_unlock_read(mapping)
  k.unmap_ref_private(vma, page, addr)
  i_mmap_lock_read(mapping)
  mutex_lock(mutex)
}

function hugetlb_vmtruncate(inode: Inode, size: number): void {
  const mapping = i_data(inode)
  i_mmap_lock_write(mapping)
  i_size_write(inode, size)
  k.hugetlb_vmdelete_list(mapping, size, TO_END)
  i_mmap_unlock_write(mapping)
  k.remove_inode_hugepages(inode, size >> huge_page_order(hstate_inode(inode)), TO_END)
}

/** i_mmap_rwsem comes before the fault mutex, which the caller holds: it is dropped meanwhile. */
function removeInodeHugepage(inode: Inode, page: Page, index: number, truncate: boolean, mutex: number): void {
  const mapping = i_data(inode)
  if (k.page_mapped(page)) {
    BUG_ON(truncate, 'truncate_op')
    const nr = pages_per_huge_page(hstate_inode(inode))
    mutex_unlock(mutex)
    i_mmap_lock_write(mapping)
    mutex_lock(mutex)
    k.hugetlb_vmdelete_list(mapping, index * nr, (index + 1) * nr)
    i_mmap_unlock_write(mapping)
  }
  lock_page(page)
  k.remove_huge_page(page)
  if (!truncate && k.hugetlb_unreserve_pages(inode, index, index + 1, 1) !== 0) k.hugetlb_fix_reserve_counts(inode)
  unlock_page(page)
}

export default patch('87bf91d39bb5', {
  subject: 'hugetlbfs: Use i_mmap_rwsem to address page fault/truncate race',
  release: 'v5.7',
  changes: {
    hugetlb_fault: { before: fault.hugetlb_fault, after: hugetlb_fault },
    hugetlb_no_page: { before: fault.hugetlb_no_page, after: hugetlb_no_page },
    stealFromChildren: { before: cow.stealFromChildren, after: stealFromChildren },
    hugetlb_vmtruncate: { before: truncate.hugetlb_vmtruncate, after: hugetlb_vmtruncate },
    removeInodeHugepage: { before: truncate.removeInodeHugepage, after: removeInodeHugepage },
  },
})
