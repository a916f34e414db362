// mm/memory.c and mm/mmap.c since v5.18: what unmaps a page of a locked vma need not munlock it first.

import { k } from '../../../kernel.ts'
import * as memory from '../../../mm/memory.ts'
import { accountCopy, is_zero_pfn, maybe_mkwrite, mkdirty, vm_page_prot } from '../../../mm/memory.ts'
import {
  type Mm,
  mm_struct,
  NULL,
  type Page,
  type Pmdp,
  type Pte,
  type Ptep,
  VM_FAULT_OOM,
  VM_FAULT_WRITE,
  VM_LOCKED,
  type Vma,
  vm_area,
} from '../../../mm/mm_types.ts'
import { munlockBeforeUnmap as munlockBeforeUnmap_4_5 } from '../../../mm/mmap.ts'
import { alloc_page, alloc_zeroed_page } from '../../../mm/page_alloc.ts'
import { page_cache_release } from '../../../mm/page-flags.ts'
import { mk_pte, pte_lockptr, pte_pfn, read_pmd, set_pte } from '../../../mm/pgtable.ts'
import { spin_lock, spin_unlock } from '../../../ops.ts'
import { rd, wr } from '../../../store.ts'
import type { Changes } from '../../patch.ts'

/** As v4.5's, but for the munlock of the old page. */
function wp_page_copy(mm: Mm, vma: Vma, addr: number, pte: Ptep, pmd: Pmdp, orig: Pte, old: Page): number {
  const prepared = k.anon_vma_prepare(vma) === 0
  const fresh = !prepared ? (NULL as Page) : is_zero_pfn(pte_pfn(orig)) ? alloc_zeroed_page() : alloc_page()
  if (fresh === NULL) {
    if (old !== NULL) page_cache_release(old)
    return VM_FAULT_OOM
  }
  if (old !== NULL) k.copy_user_page(fresh, old)
  const ptl = pte_lockptr(read_pmd(pmd))
  spin_lock(ptl)
  const copied = rd(pte) === orig
  let drop = fresh
  if (copied) {
    accountCopy(mm, vma, old)
    set_pte(pte, 0 as Pte)
    k.page_add_new_anon_rmap(fresh, vma, addr, false)
    k.lru_cache_add_active_or_unevictable(fresh, vma)
    set_pte(pte, maybe_mkwrite(mkdirty(mk_pte(fresh, vm_page_prot(vma))), vma))
    if (old !== NULL) k.page_remove_rmap(old, false, vma)
    drop = old
  }
  if (drop !== NULL) page_cache_release(drop)
  spin_unlock(ptl)
  if (old !== NULL) page_cache_release(old)
  return copied ? VM_FAULT_WRITE : 0
}

/** unlock_range of mm/mmap.c: the memory is no longer counted as the process's (a213e5cf71cb). */
function munlockBeforeUnmap(mm: Mm, vma: Vma, end: number): void {
  if (rd(mm + mm_struct.locked_vm) === 0) return
  for (let v = vma; v !== NULL && rd(v + vm_area.vm_start) < end; v = rd(v + vm_area.vm_next) as Vma) {
    if (!(rd(v + vm_area.vm_flags) & VM_LOCKED)) continue
    wr(mm + mm_struct.locked_vm, rd(mm + mm_struct.locked_vm) - (rd(v + vm_area.vm_end) - rd(v + vm_area.vm_start)))
  }
}

export const changes: Changes = {
  wp_page_copy: { before: memory.wp_page_copy, after: wp_page_copy },
  munlockBeforeUnmap: { before: munlockBeforeUnmap_4_5, after: munlockBeforeUnmap },
}
