// mm/memory.c and mm/gup.c as of v4.4: what a fault and a walk do that meet a PMD which is splitting.

import { k } from '../../kernel.ts'
import { is_vm_hugetlb_page } from '../../mm/hugetlb_hstate.ts'
import { __pte_alloc as __pte_alloc_4_5, handle_mm_fault as handle_mm_fault_4_5 } from '../../mm/memory.ts'
import {
  FAULT_FLAG_WRITE,
  type Mm,
  mm_struct,
  type Pmd,
  type Pmdp,
  VM_FAULT_FALLBACK,
  type Vma,
} from '../../mm/mm_types.ts'
import {
  pmd_alloc,
  pmd_lockptr,
  pmd_none,
  pmd_populate,
  pmd_trans_huge,
  pte_alloc_one,
  pte_free,
  pte_write,
  read_pmd,
} from '../../mm/pgtable.ts'
import { atomic_add, might_sleep, spin_lock, spin_unlock } from '../../ops.ts'
import { rd } from '../../store.ts'
import type { Changes } from '../patch.ts'
import { pmd_trans_splitting } from './huge_memory.ts'

/**
 * An empty PTE table under a PMD that has none; another CPU may have been first, and be splitting what it put there.
 */
function __pte_alloc(mm: Mm, pmd: Pmdp, addr: number): void {
  const table = pte_alloc_one()
  const ptl = pmd_lockptr(mm, addr)
  spin_lock(ptl)
  const e = rd(pmd) as Pmd
  if (pmd_none(e)) {
    atomic_add(mm + mm_struct.nr_ptes, 1)
    pmd_populate(pmd, table)
  }
  spin_unlock(ptl)
  if (!pmd_none(e)) pte_free(table)
  if (pmd_trans_splitting(e)) k.wait_split_huge_page(k.find_vma(mm, addr), pmd)
}

/**
 * Caller holds mmap_sem for reading. Under a PMD that is splitting the kernel returns and has the access fault again
 * until the split is done; here it sleeps meanwhile, which its own comment names as the alternative.
 */
function handle_mm_fault(mm: Mm, vma: Vma, addr: number, flags: number): number {
  might_sleep()
  if (is_vm_hugetlb_page(vma)) return k.hugetlb_fault(mm, vma, addr, flags)
  const pmd = pmd_alloc(mm, addr)
  const orig = read_pmd(pmd)
  if (pmd_none(orig) && k.transparent_hugepage_enabled(vma)) {
    const ret = k.do_huge_pmd_anonymous_page(mm, vma, addr, pmd, flags)
    if (!(ret & VM_FAULT_FALLBACK)) return ret
  } else if (pmd_trans_huge(orig)) {
    if (pmd_trans_splitting(orig)) {
      k.wait_split_huge_page(vma, pmd)
      return 0
    }
    const write = flags & FAULT_FLAG_WRITE
    if (!write || pte_write(orig)) {
      k.huge_pmd_set_accessed(mm, addr, pmd, orig, write !== 0)
      return 0
    }
    const ret = k.do_huge_pmd_wp_page(mm, vma, addr, pmd, orig)
    if (!(ret & VM_FAULT_FALLBACK)) return ret
  }
  if (pmd_none(read_pmd(pmd))) k.__pte_alloc(mm, pmd, addr)
  if (pmd_trans_huge(read_pmd(pmd))) return 0
  return k.handle_pte_fault(mm, vma, addr, pmd, flags)
}

export const changes: Changes = {
  __pte_alloc: { before: __pte_alloc, after: __pte_alloc_4_5 },
  handle_mm_fault: { before: handle_mm_fault, after: handle_mm_fault_4_5 },
}
