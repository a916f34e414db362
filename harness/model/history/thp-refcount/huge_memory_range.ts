// mm/huge_memory.c and fs/proc/task_mmu.c as of v4.4: huge PMDs of whole ranges. A PMD that is splitting is waited for;
// then it is no huge one, and the caller goes on with its PTEs.

import { k } from '../../kernel.ts'
import { haddrOf, is_huge_zero_pmd, put_huge_zero_page, set_huge_zero_page } from '../../mm/huge_memory.ts'
import * as v4_5 from '../../mm/huge_memory_range.ts'
import { HPAGE_PMD_NR } from '../../mm/init.ts'
import { add_anon_rss, mkold, vm_page_prot, wrprotect } from '../../mm/memory.ts'
import type { Gather } from '../../mm/memory_range.ts'
import {
  type Mm,
  mm_struct,
  NULL,
  type Pmd,
  type Pmdp,
  type Pte,
  VM_NOHUGEPAGE,
  type Vma,
  vm_area,
} from '../../mm/mm_types.ts'
import { get_page, page_mapcount, VM_BUG_ON_PAGE } from '../../mm/page-flags.ts'
import {
  PRESENT,
  PROTNONE,
  pgtable_trans_huge_deposit,
  pgtable_trans_huge_withdraw,
  pmd_lockptr,
  pmd_none,
  pmd_offset,
  pmd_page,
  pmd_trans_huge,
  pte_alloc_one,
  pte_free,
  pte_lockptr,
  pte_offset,
  pte_present,
  RW,
  read_pmd,
  SOFT_DIRTY,
  set_pmd,
  set_pte,
} from '../../mm/pgtable.ts'
import { clear_refs_pte_range as clear_refs_pte_range_4_5 } from '../../mm/task_mmu.ts'
import { atomic_dec, atomic_inc, spin_lock, spin_unlock } from '../../ops.ts'
import { rd } from '../../store.ts'
import type { Changes } from '../patch.ts'
import { pmd_trans_splitting } from './huge_memory.ts'

/** The child maps the parent's huge page, both read-only. False: it is no huge page any more, copy PTEs. */
function copy_huge_pmd(dst: Mm, src: Mm, to: Pmdp, from: Pmdp, addr: number, vma: Vma): boolean {
  const pgtable = pte_alloc_one()
  const dst_ptl = pmd_lockptr(dst, addr)
  const src_ptl = pmd_lockptr(src, addr)
  spin_lock(dst_ptl)
  spin_lock(src_ptl)
  const pmd = rd(from) as Pmd
  const zero = pmd_trans_huge(pmd) && is_huge_zero_pmd(pmd)
  const splitting = pmd_trans_splitting(pmd)
  const huge = pmd_trans_huge(pmd) && !splitting
  if (zero) {
    set_huge_zero_page(dst, vma, addr, to, k.get_huge_zero_page())
  } else if (huge) {
    const page = pmd_page(pmd)
    get_page(page)
    k.page_dup_rmap(page, true)
    add_anon_rss(dst, HPAGE_PMD_NR)
    set_pmd(from, wrprotect(pmd))
    pgtable_trans_huge_deposit(dst, addr, pgtable)
    set_pmd(to, mkold(wrprotect(pmd)))
    atomic_inc(dst + mm_struct.nr_ptes)
  }
  spin_unlock(src_ptl)
  spin_unlock(dst_ptl)
  if (zero || !huge) pte_free(pgtable)
  if (splitting) k.wait_split_huge_page(vma, from)
  return huge
}

/** Takes a whole huge page out of the page table. False: it is no huge page any more. */
function zap_huge_pmd(tlb: Gather, vma: Vma, pmd: Pmdp, addr: number): boolean {
  if (k.__pmd_trans_huge_lock(vma, pmd, addr) !== 1) return false
  const mm = rd(vma + vm_area.vm_mm) as Mm
  const old = rd(pmd) as Pmd
  const zero = is_huge_zero_pmd(old)
  const page = pmd_page(old)
  set_pmd(pmd, 0 as Pmd)
  if (!zero) {
    k.page_remove_rmap(page, true)
    VM_BUG_ON_PAGE(page_mapcount(page) < 0, page, 'page_mapcount(page) < 0')
    add_anon_rss(mm, -HPAGE_PMD_NR)
  }
  pte_free(pgtable_trans_huge_withdraw(mm, addr))
  atomic_dec(mm + mm_struct.nr_ptes)
  spin_unlock(pmd_lockptr(mm, addr))
  if (zero) put_huge_zero_page()
  else tlb.push(page)
  return true
}

/** New protection of a whole huge PMD; it stays read-only, a write fault must come first. */
function change_huge_pmd(vma: Vma, pmd: Pmdp, addr: number): boolean {
  if (k.__pmd_trans_huge_lock(vma, pmd, addr) !== 1) return false
  set_pmd(pmd, ((rd(pmd) & ~(PRESENT | PROTNONE | RW)) | vm_page_prot(vma)) as Pmd)
  spin_unlock(pmd_lockptr(rd(vma + vm_area.vm_mm) as Mm, addr))
  return true
}

/** Moves a whole huge PMD; false where it does not fit. Caller holds mmap_sem for writing. */
function move_huge_pmd(vma: Vma, new_vma: Vma, from: number, to: number, old_pmd: Pmdp, new_pmd: Pmdp): boolean {
  if (from !== haddrOf(from) || to !== haddrOf(to) || rd(new_vma + vm_area.vm_flags) & VM_NOHUGEPAGE) return false
  if (!pmd_none(read_pmd(new_pmd))) return false
  if (k.__pmd_trans_huge_lock(vma, old_pmd, from) !== 1) return false
  const mm = rd(vma + vm_area.vm_mm) as Mm
  const old_ptl = pmd_lockptr(mm, from)
  const new_ptl = pmd_lockptr(mm, to)
  if (new_ptl !== old_ptl) spin_lock(new_ptl)
  const pmd = rd(old_pmd) as Pmd
  set_pmd(old_pmd, 0 as Pmd)
  if (new_ptl !== old_ptl) pgtable_trans_huge_deposit(mm, to, pgtable_trans_huge_withdraw(mm, from))
  set_pmd(new_pmd, (pmd | SOFT_DIRTY) as Pmd)
  if (new_ptl !== old_ptl) spin_unlock(new_ptl)
  spin_unlock(old_ptl)
  return true
}

/** The pages of one PMD become clean and write-protected. */
function clear_refs_pte_range(mm: Mm, addr: number, end: number): void {
  const pmd = pmd_offset(mm, addr)
  if (pmd === NULL || pmd_none(read_pmd(pmd))) return
  if (pmd_trans_huge(read_pmd(pmd)) && k.__pmd_trans_huge_lock(k.find_vma(mm, addr), pmd, addr) === 1) {
    set_pmd(pmd, (wrprotect(rd(pmd) as Pmd) & ~SOFT_DIRTY) as Pmd)
    spin_unlock(pmd_lockptr(mm, addr))
    return
  }
  const table = read_pmd(pmd)
  if (pmd_none(table) || pmd_trans_huge(table)) return
  const ptl = pte_lockptr(table)
  spin_lock(ptl)
  for (let a = addr; a < end; a++) {
    const pte = pte_offset(table, a)
    const entry = rd(pte) as Pte
    if (pte_present(entry)) set_pte(pte, (wrprotect(entry) & ~SOFT_DIRTY) as Pte)
  }
  spin_unlock(ptl)
}

export const changes: Changes = {
  copy_huge_pmd: { before: copy_huge_pmd, after: v4_5.copy_huge_pmd },
  zap_huge_pmd: { before: zap_huge_pmd, after: v4_5.zap_huge_pmd },
  change_huge_pmd: { before: change_huge_pmd, after: v4_5.change_huge_pmd },
  move_huge_pmd: { before: move_huge_pmd, after: v4_5.move_huge_pmd },
  clear_refs_pte_range: { before: clear_refs_pte_range, after: clear_refs_pte_range_4_5 },
}
