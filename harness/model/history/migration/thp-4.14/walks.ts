// Walks of page tables that meet the migration entry of a huge page: mm/memory.c, mprotect.c, mremap.c, gup.c and
// fs/proc/task_mmu.c of v4.14.

import { k } from '../../../kernel.ts'
import * as gup from '../../../mm/gup.ts'
import { is_vm_hugetlb_page } from '../../../mm/hugetlb_hstate.ts'
import { HPAGE_PMD_NR } from '../../../mm/init.ts'
import * as memory from '../../../mm/memory.ts'
import { wrprotect } from '../../../mm/memory.ts'
import * as memory_range from '../../../mm/memory_range.ts'
import { type Gather, pmd_addr_end } from '../../../mm/memory_range.ts'
import {
  type AddressSpace,
  FAULT_FLAG_WRITE,
  type IntPtr,
  type Mm,
  NULL,
  type Page,
  type Pmd,
  type Pte,
  VM_FAULT_FALLBACK,
  type Vma,
  vm_area,
} from '../../../mm/mm_types.ts'
import * as mprotect from '../../../mm/mprotect.ts'
import * as mremap from '../../../mm/mremap.ts'
import { moveLocked } from '../../../mm/mremap.ts'
import {
  is_swap_pte,
  pmd_alloc,
  pmd_lockptr,
  pmd_none,
  pmd_offset,
  pmd_present,
  pmd_trans_huge,
  pointsToTable,
  pte_lockptr,
  pte_offset,
  pte_present,
  pte_write,
  read_pmd,
  SOFT_DIRTY,
  set_pmd,
  set_pte,
} from '../../../mm/pgtable.ts'
import { store_int } from '../../../mm/stack.ts'
import { is_pmd_migration_entry, is_swap_pmd } from '../../../mm/swapops.ts'
import * as task_mmu from '../../../mm/task_mmu.ts'
import { might_sleep, spin_lock, spin_unlock } from '../../../ops.ts'
import { rd } from '../../../store.ts'
import type { Changes } from '../../patch.ts'

/** A huge page, or the entry of one that moves. Racy. */
const isHuge = (e: Pmd): boolean => is_swap_pmd(e) || pmd_trans_huge(e)

/** As v4.5's; a huge page that moves is waited for. */
function handle_mm_fault(mm: Mm, vma: Vma, addr: number, flags: number): number {
  might_sleep()
  if (is_vm_hugetlb_page(vma)) return k.hugetlb_fault(mm, vma, addr, flags)
  const pmd = pmd_alloc(mm, addr)
  const orig = read_pmd(pmd)
  if (pmd_none(orig) && k.transparent_hugepage_enabled(vma)) {
    const ret = k.do_huge_pmd_anonymous_page(mm, vma, addr, pmd, flags)
    if (!(ret & VM_FAULT_FALLBACK)) return ret
  } else if (is_pmd_migration_entry(orig)) {
    k.pmd_migration_entry_wait(mm, addr, pmd)
    return 0
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
  // pmd_devmap_trans_unstable: a huge page came in between, or began to move.
  if (!pointsToTable(read_pmd(pmd))) return 0
  return k.handle_pte_fault(mm, vma, addr, pmd, flags)
}

function copy_page_range(dst: Mm, src: Mm, vma: Vma): void {
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
    if (isHuge(read_pmd(from)) && k.copy_huge_pmd(dst, src, to, from, addr, vma)) continue
    k.copy_pte_range(dst, src, to, from, addr, next, vma)
  }
}

function unmap_page_range(tlb: Gather, vma: Vma, start: number, end: number, check_mapping: AddressSpace = NULL): void {
  const mm = rd(vma + vm_area.vm_mm) as Mm
  let next = 0
  for (let addr = start; addr < end; addr = next) {
    next = pmd_addr_end(addr, end)
    const pmd = pmd_offset(mm, addr)
    if (pmd === NULL) continue
    if (isHuge(read_pmd(pmd))) {
      if (next - addr !== HPAGE_PMD_NR) k.__split_huge_pmd(vma, pmd, addr)
      else if (k.zap_huge_pmd(tlb, vma, pmd, addr)) continue
    }
    // pmd_none_or_trans_huge_or_clear_bad
    if (!pointsToTable(read_pmd(pmd))) continue
    k.zap_pte_range(tlb, vma, pmd, addr, next, check_mapping)
  }
}

function change_protection(vma: Vma, start: number, end: number): void {
  const mm = rd(vma + vm_area.vm_mm) as Mm
  let next = 0
  for (let addr = start; addr < end; addr = next) {
    next = pmd_addr_end(addr, end)
    const pmd = pmd_offset(mm, addr)
    if (pmd === NULL || pmd_none(read_pmd(pmd))) continue
    if (isHuge(read_pmd(pmd))) {
      if (next - addr !== HPAGE_PMD_NR) k.__split_huge_pmd(vma, pmd, addr)
      else if (k.change_huge_pmd(vma, pmd, addr)) continue
    }
    k.change_pte_range(vma, pmd, addr, next)
  }
}

function move_page_tables(
  vma: Vma,
  from: number,
  new_vma: Vma,
  to: number,
  len: number,
  need_rmap_locks: boolean,
): void {
  const mm = rd(vma + vm_area.vm_mm) as Mm
  const end = from + len
  let extent = 0
  for (let addr = from; addr < end; addr += extent) {
    const dest = to + addr - from
    extent = pmd_addr_end(addr, end) - addr
    const old_pmd = pmd_offset(mm, addr)
    if (old_pmd === NULL || pmd_none(read_pmd(old_pmd))) continue
    const new_pmd = pmd_alloc(mm, dest)
    if (isHuge(read_pmd(old_pmd))) {
      if (
        extent === HPAGE_PMD_NR &&
        moveLocked(vma, need_rmap_locks, () => k.move_huge_pmd(vma, new_vma, addr, dest, old_pmd, new_pmd))
      )
        continue
      k.__split_huge_pmd(vma, old_pmd, addr)
    }
    if (pmd_none(read_pmd(new_pmd))) k.__pte_alloc(mm, new_pmd, dest)
    extent = Math.min(extent, HPAGE_PMD_NR - (dest & (HPAGE_PMD_NR - 1)))
    moveLocked(vma, need_rmap_locks, () => k.move_ptes(old_pmd, addr, addr + extent, new_pmd, dest))
  }
}

/** clear_soft_dirty_pmd: the entry of a page that moves loses the bit, and stays as writable as it is. */
function clear_refs_pte_range(mm: Mm, addr: number, end: number): void {
  const pmd = pmd_offset(mm, addr)
  if (pmd === NULL || pmd_none(read_pmd(pmd))) return
  const pmd_ptl = pmd_lockptr(mm, addr)
  spin_lock(pmd_ptl)
  const e = rd(pmd) as Pmd
  const huge = pmd_trans_huge(e)
  if (huge) set_pmd(pmd, (wrprotect(e) & ~SOFT_DIRTY) as Pmd)
  else if (is_pmd_migration_entry(e)) set_pmd(pmd, (e & ~SOFT_DIRTY) as Pmd)
  spin_unlock(pmd_ptl)
  if (!pointsToTable(e)) return
  const ptl = pte_lockptr(e)
  spin_lock(ptl)
  for (let a = addr; a < end; a++) {
    const pte = pte_offset(e, a)
    const entry = rd(pte) as Pte
    if (pte_present(entry)) set_pte(pte, (wrprotect(entry) & ~SOFT_DIRTY) as Pte)
    else if (is_swap_pte(entry)) set_pte(pte, (entry & ~SOFT_DIRTY) as Pte)
  }
  spin_unlock(ptl)
}

/** A page that moves is not there, as nobody asks with FOLL_MIGRATION. */
function follow_page_mask(vma: Vma, addr: number, flags: number, page_mask: IntPtr): Page {
  const mm = rd(vma + vm_area.vm_mm) as Mm
  store_int(page_mask, 0)
  const pmd = pmd_offset(mm, addr)
  if (pmd === NULL || !pmd_present(read_pmd(pmd))) return NULL
  if (!pmd_trans_huge(read_pmd(pmd))) return k.follow_page_pte(vma, addr, pmd, flags)
  const ptl = pmd_lockptr(mm, addr)
  spin_lock(ptl)
  const e = read_pmd(pmd)
  if (!pmd_trans_huge(e)) {
    spin_unlock(ptl)
    return pmd_present(e) ? k.follow_page_pte(vma, addr, pmd, flags) : NULL
  }
  const page = k.follow_trans_huge_pmd(vma, addr, pmd, flags)
  spin_unlock(ptl)
  store_int(page_mask, HPAGE_PMD_NR - 1)
  return page
}

export const changes: Changes = {
  handle_mm_fault: { before: memory.handle_mm_fault, after: handle_mm_fault },
  copy_page_range: { before: memory_range.copy_page_range, after: copy_page_range },
  unmap_page_range: { before: memory_range.unmap_page_range, after: unmap_page_range },
  change_protection: { before: mprotect.change_protection, after: change_protection },
  move_page_tables: { before: mremap.move_page_tables, after: move_page_tables },
  clear_refs_pte_range: { before: task_mmu.clear_refs_pte_range, after: clear_refs_pte_range },
  follow_page_mask: { before: gup.follow_page_mask, after: follow_page_mask },
}
