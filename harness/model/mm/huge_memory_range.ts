// Huge PMDs of whole ranges: copied by fork, zapped, protected, moved, followed (the middle of mm/huge_memory.c, v4.5).

import { k } from '../kernel.ts'
import { atomic_dec, atomic_inc, READ_ONCE, spin_lock, spin_unlock } from '../ops.ts'
import { rd } from '../store.ts'
import { EFAULT, ERR_PTR } from './errno.ts'
import { haddrOf, is_huge_zero_pmd, put_huge_zero_page, set_huge_zero_page } from './huge_memory.ts'
import { HPAGE_PMD_NR } from './init.ts'
import { add_anon_rss, mkdirty, mkold, mkyoung, vm_page_prot, wrprotect } from './memory.ts'
import type { Gather } from './memory_range.ts'
import {
  FOLL_DUMP,
  FOLL_GET,
  FOLL_MLOCK,
  FOLL_WRITE,
  type Mm,
  mm_struct,
  NULL,
  type Page,
  type Pmd,
  type Pmdp,
  page as struct_page,
  VM_LOCKED,
  VM_NOHUGEPAGE,
  type Vma,
  vm_area,
} from './mm_types.ts'
import {
  compound_mapcount,
  get_page,
  PageDoubleMap,
  page_mapcount,
  subpage,
  trylock_page,
  unlock_page,
  VM_BUG_ON_PAGE,
} from './page-flags.ts'
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
  pte_write,
  RW,
  read_pmd,
  SOFT_DIRTY,
  set_pmd,
} from './pgtable.ts'

// ---- fork, zap, mprotect, mremap -----------------------------------------------------------------------------------

/** The child maps the parent's huge page, both read-only. False: it is no huge page any more, copy PTEs. */
export function copy_huge_pmd(dst: Mm, src: Mm, to: Pmdp, from: Pmdp, addr: number, vma: Vma): boolean {
  const pgtable = pte_alloc_one()
  const dst_ptl = pmd_lockptr(dst, addr)
  const src_ptl = pmd_lockptr(src, addr)
  spin_lock(dst_ptl)
  spin_lock(src_ptl)
  const pmd = rd(from) as Pmd
  const huge = pmd_trans_huge(pmd)
  if (!huge) {
    pte_free(pgtable)
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

/** Takes a whole huge page out of the page table. False: it is no huge page any more. */
export function zap_huge_pmd(tlb: Gather, vma: Vma, pmd: Pmdp, addr: number): boolean {
  const mm = rd(vma + vm_area.vm_mm) as Mm
  const ptl = pmd_lockptr(mm, addr)
  spin_lock(ptl)
  const old = rd(pmd) as Pmd
  if (!pmd_trans_huge(old)) {
    spin_unlock(ptl)
    return false
  }
  const zero = is_huge_zero_pmd(old)
  const page = pmd_page(old)
  set_pmd(pmd, 0 as Pmd)
  if (!zero) {
    k.page_remove_rmap(page, true, vma)
    VM_BUG_ON_PAGE(page_mapcount(page) < 0, page, 'page_mapcount(page) < 0')
    add_anon_rss(mm, -HPAGE_PMD_NR)
  }
  pte_free(pgtable_trans_huge_withdraw(mm, addr))
  atomic_dec(mm + mm_struct.nr_ptes)
  spin_unlock(ptl)
  if (zero) put_huge_zero_page()
  else tlb.push(page)
  return true
}

/** New protection of a whole huge PMD; it stays read-only, a write fault must come first. */
export function change_huge_pmd(vma: Vma, pmd: Pmdp, addr: number): boolean {
  const ptl = pmd_lockptr(rd(vma + vm_area.vm_mm) as Mm, addr)
  spin_lock(ptl)
  const old = rd(pmd) as Pmd
  const huge = pmd_trans_huge(old)
  if (huge) set_pmd(pmd, ((old & ~(PRESENT | PROTNONE | RW)) | vm_page_prot(vma)) as Pmd)
  spin_unlock(ptl)
  return huge
}

/** Moves a whole huge PMD; false where it does not fit. Caller holds mmap_sem for writing. */
export function move_huge_pmd(vma: Vma, new_vma: Vma, from: number, to: number, old_pmd: Pmdp, new_pmd: Pmdp): boolean {
  if (from !== haddrOf(from) || to !== haddrOf(to) || rd(new_vma + vm_area.vm_flags) & VM_NOHUGEPAGE) return false
  if (!pmd_none(read_pmd(new_pmd))) return false
  const mm = rd(vma + vm_area.vm_mm) as Mm
  const old_ptl = pmd_lockptr(mm, from)
  const new_ptl = pmd_lockptr(mm, to)
  spin_lock(old_ptl)
  const pmd = rd(old_pmd) as Pmd
  const huge = pmd_trans_huge(pmd)
  if (huge) {
    if (new_ptl !== old_ptl) spin_lock(new_ptl)
    set_pmd(old_pmd, 0 as Pmd)
    if (new_ptl !== old_ptl) pgtable_trans_huge_deposit(mm, to, pgtable_trans_huge_withdraw(mm, from))
    set_pmd(new_pmd, (pmd | SOFT_DIRTY) as Pmd)
    if (new_ptl !== old_ptl) spin_unlock(new_ptl)
  }
  spin_unlock(old_ptl)
  return huge
}

/** The page that a huge PMD maps at `addr`, or NULL where a write would fault. Caller holds the PMD lock. */
export function follow_trans_huge_pmd(vma: Vma, addr: number, pmd: Pmdp, flags: number): Page {
  const e = rd(pmd) as Pmd
  if (flags & FOLL_WRITE && !pte_write(e)) return NULL
  if (flags & FOLL_DUMP && is_huge_zero_pmd(e)) return ERR_PTR(-EFAULT)
  if (!(flags & FOLL_DUMP)) {
    const touched = mkyoung(mkdirty(e))
    if (touched !== e) set_pmd(pmd, touched)
  }
  const head = pmd_page(e)
  if (flags & FOLL_MLOCK && rd(vma + vm_area.vm_flags) & VM_LOCKED) k.mlockMappedByPmd(head)
  const page = subpage(head, addr - haddrOf(addr))
  if (flags & FOLL_GET) get_page(page)
  return page
}

/**
 * What follow_trans_huge_pmd does under FOLL_MLOCK. Only a huge page that this PMD alone maps is mlocked: with a PTE
 * of another vma it could leak into memory that is not locked. Caller holds the PMD lock.
 */
export function mlockMappedByPmd(head: Page): void {
  if (compound_mapcount(head) !== 1 || PageDoubleMap(head)) return
  if (READ_ONCE(head + struct_page.mapping) === 0 || !trylock_page(head)) return
  k.lru_add_drain()
  if (READ_ONCE(head + struct_page.mapping) !== 0 && !PageDoubleMap(head)) k.mlock_vma_page(head)
  unlock_page(head)
}
