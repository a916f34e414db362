// The middle of mm/huge_memory.c of v4.14: what fork, zap, mprotect and mremap do with the migration entry of a huge
// page.

import { k } from '../../../kernel.ts'
import { haddrOf, is_huge_zero_pmd, put_huge_zero_page, set_huge_zero_page } from '../../../mm/huge_memory.ts'
import * as range from '../../../mm/huge_memory_range.ts'
import { HPAGE_PMD_NR } from '../../../mm/init.ts'
import { add_anon_rss, mkold, vm_page_prot, wrprotect } from '../../../mm/memory.ts'
import type { Gather } from '../../../mm/memory_range.ts'
import { type Mm, mm_struct, type Pmd, type Pmdp, VM_NOHUGEPAGE, type Vma, vm_area } from '../../../mm/mm_types.ts'
import { get_page, page_mapcount, VM_BUG_ON_PAGE } from '../../../mm/page-flags.ts'
import {
  PRESENT,
  PROTNONE,
  pgtable_trans_huge_deposit,
  pgtable_trans_huge_withdraw,
  pmd_lockptr,
  pmd_none,
  pmd_page,
  pmd_trans_huge,
  pte_alloc_one,
  pte_free,
  RW,
  read_pmd,
  SOFT_DIRTY,
  set_pmd,
} from '../../../mm/pgtable.ts'
import {
  is_swap_pmd,
  is_write_migration_entry,
  make_migration_entry_read,
  pmd_to_swp_entry,
  swp_entry_to_pmd,
} from '../../../mm/swapops.ts'
import { atomic_dec, atomic_inc, spin_lock, spin_unlock } from '../../../ops.ts'
import { rd } from '../../../store.ts'
import type { Changes } from '../../patch.ts'

/** The child inherits the entry, without a reference or a map; whoever put it there finds it. Both become read-only. */
function copy_huge_pmd(dst: Mm, src: Mm, to: Pmdp, from: Pmdp, addr: number, vma: Vma): boolean {
  const pgtable = pte_alloc_one()
  const dst_ptl = pmd_lockptr(dst, addr)
  const src_ptl = pmd_lockptr(src, addr)
  spin_lock(dst_ptl)
  spin_lock(src_ptl)
  const pmd = rd(from) as Pmd
  const huge = is_swap_pmd(pmd) || pmd_trans_huge(pmd)
  if (!huge) {
    pte_free(pgtable)
  } else if (is_swap_pmd(pmd)) {
    const entry = swp_entry_to_pmd(make_migration_entry_read(pmd_to_swp_entry(pmd)))
    if (is_write_migration_entry(pmd_to_swp_entry(pmd))) set_pmd(from, entry)
    add_anon_rss(dst, HPAGE_PMD_NR)
    atomic_inc(dst + mm_struct.nr_ptes)
    pgtable_trans_huge_deposit(dst, addr, pgtable)
    set_pmd(to, entry)
  } else if (is_huge_zero_pmd(pmd)) {
    pte_free(pgtable)
    set_huge_zero_page(dst, vma, addr, to, k.get_huge_zero_page())
  } else {
    const page = pmd_page(pmd)
    get_page(page)
    k.page_dup_rmap(page, true)
    add_anon_rss(dst, HPAGE_PMD_NR)
    atomic_inc(dst + mm_struct.nr_ptes)
    pgtable_trans_huge_deposit(dst, addr, pgtable)
    set_pmd(from, wrprotect(pmd))
    set_pmd(to, mkold(wrprotect(pmd)))
  }
  spin_unlock(src_ptl)
  spin_unlock(dst_ptl)
  return huge
}

/** Of a huge page that moves nothing is counted here but the process's own sum. */
function zap_huge_pmd(tlb: Gather, vma: Vma, pmd: Pmdp, addr: number): boolean {
  const mm = rd(vma + vm_area.vm_mm) as Mm
  const ptl = pmd_lockptr(mm, addr)
  spin_lock(ptl)
  const old = rd(pmd) as Pmd
  const present = pmd_trans_huge(old)
  if (!present && !is_swap_pmd(old)) {
    spin_unlock(ptl)
    return false
  }
  const zero = present && is_huge_zero_pmd(old)
  const page = pmd_page(old)
  set_pmd(pmd, 0 as Pmd)
  if (present && !zero) {
    k.page_remove_rmap(page, true, vma)
    VM_BUG_ON_PAGE(page_mapcount(page) < 0, page, 'page_mapcount(page) < 0')
  }
  if (!zero) add_anon_rss(mm, -HPAGE_PMD_NR)
  pte_free(pgtable_trans_huge_withdraw(mm, addr))
  atomic_dec(mm + mm_struct.nr_ptes)
  spin_unlock(ptl)
  if (zero) put_huge_zero_page()
  else if (present) tlb.push(page)
  return true
}

/** An entry that may be written to when the page has moved becomes one that may not: a write fault must come first. */
function change_huge_pmd(vma: Vma, pmd: Pmdp, addr: number): boolean {
  const ptl = pmd_lockptr(rd(vma + vm_area.vm_mm) as Mm, addr)
  spin_lock(ptl)
  const old = rd(pmd) as Pmd
  const moving = is_swap_pmd(old)
  const huge = pmd_trans_huge(old)
  if (moving && is_write_migration_entry(pmd_to_swp_entry(old)))
    set_pmd(pmd, swp_entry_to_pmd(make_migration_entry_read(pmd_to_swp_entry(old))))
  if (huge) set_pmd(pmd, ((old & ~(PRESENT | PROTNONE | RW)) | vm_page_prot(vma)) as Pmd)
  spin_unlock(ptl)
  return moving || huge
}

/** As v4.5's: an entry moves like a huge PMD. */
function move_huge_pmd(vma: Vma, new_vma: Vma, from: number, to: number, old_pmd: Pmdp, new_pmd: Pmdp): boolean {
  if (from !== haddrOf(from) || to !== haddrOf(to) || rd(new_vma + vm_area.vm_flags) & VM_NOHUGEPAGE) return false
  if (!pmd_none(read_pmd(new_pmd))) return false
  const mm = rd(vma + vm_area.vm_mm) as Mm
  const old_ptl = pmd_lockptr(mm, from)
  const new_ptl = pmd_lockptr(mm, to)
  spin_lock(old_ptl)
  const pmd = rd(old_pmd) as Pmd
  const huge = is_swap_pmd(pmd) || pmd_trans_huge(pmd)
  if (huge) {
    if (new_ptl !== old_ptl) spin_lock(new_ptl)
    set_pmd(old_pmd, 0 as Pmd)
    if (new_ptl !== old_ptl) pgtable_trans_huge_deposit(mm, to, pgtable_trans_huge_withdraw(mm, from))
    // move_soft_dirty_pmd
    set_pmd(new_pmd, (pmd | SOFT_DIRTY) as Pmd)
    if (new_ptl !== old_ptl) spin_unlock(new_ptl)
  }
  spin_unlock(old_ptl)
  return huge
}

export const changes: Changes = {
  copy_huge_pmd: { before: range.copy_huge_pmd, after: copy_huge_pmd },
  zap_huge_pmd: { before: range.zap_huge_pmd, after: zap_huge_pmd },
  change_huge_pmd: { before: range.change_huge_pmd, after: change_huge_pmd },
  move_huge_pmd: { before: range.move_huge_pmd, after: move_huge_pmd },
}
