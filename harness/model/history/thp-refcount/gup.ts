// mm/gup.c and follow_trans_huge_pmd as of v4.4: the only place where pins of tails come from. The series leaves no
// huge page in locked memory (7479df6da950), until e90309c9f772.

import { k } from '../../kernel.ts'
import { EFAULT, ERR_PTR } from '../../mm/errno.ts'
import * as huge_memory from '../../mm/huge_memory.ts'
import { haddrOf, is_huge_zero_pmd } from '../../mm/huge_memory.ts'
import * as huge_memory_range from '../../mm/huge_memory_range.ts'
import { HPAGE_PMD_NR } from '../../mm/init.ts'
import { mkdirty, mkyoung } from '../../mm/memory.ts'
import {
  FOLL_DUMP,
  FOLL_GET,
  FOLL_MLOCK,
  FOLL_WRITE,
  type IntPtr,
  type Mm,
  NULL,
  type Page,
  type Pmd,
  type Pmdp,
  VM_LOCKED,
  type Vma,
  vm_area,
} from '../../mm/mm_types.ts'
import { subpage } from '../../mm/page-flags.ts'
import {
  pmd_lockptr,
  pmd_none,
  pmd_offset,
  pmd_page,
  pmd_trans_huge,
  pte_write,
  read_pmd,
  set_pmd,
} from '../../mm/pgtable.ts'
import { store_int } from '../../mm/stack.ts'
import { spin_unlock } from '../../ops.ts'
import { rd } from '../../store.ts'
import * as without_mlock from '../mlock/e90309c9f772.ts'
import type { Changes } from '../patch.ts'

/** As v4.5's, but a PMD that is splitting is waited for; then its PTEs are followed. */
function follow_page_mask(vma: Vma, addr: number, flags: number, page_mask: IntPtr): Page {
  const mm = rd(vma + vm_area.vm_mm) as Mm
  store_int(page_mask, 0)
  const pmd = pmd_offset(mm, addr)
  if (pmd === NULL || pmd_none(read_pmd(pmd))) return NULL
  if (!pmd_trans_huge(read_pmd(pmd)) || k.__pmd_trans_huge_lock(vma, pmd, addr) !== 1)
    return k.follow_page_pte(vma, addr, pmd, flags)
  const page = k.follow_trans_huge_pmd(vma, addr, pmd, flags)
  spin_unlock(pmd_lockptr(mm, addr))
  store_int(page_mask, HPAGE_PMD_NR - 1)
  return page
}

/** As v4.5's, but the reference is one of that base page. Caller holds the PMD lock. */
function follow_trans_huge_pmd(vma: Vma, addr: number, pmd: Pmdp, flags: number): Page {
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
  if (flags & FOLL_GET) k.get_page_foll(page)
  return page
}

export const changes: Changes = {
  follow_page_mask: { before: follow_page_mask, after: without_mlock.follow_page_mask },
  follow_trans_huge_pmd: { before: follow_trans_huge_pmd, after: huge_memory_range.follow_trans_huge_pmd },
  do_huge_pmd_anonymous_page: {
    before: huge_memory.do_huge_pmd_anonymous_page,
    after: without_mlock.do_huge_pmd_anonymous_page,
  },
}
