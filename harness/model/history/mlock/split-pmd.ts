// "thp: fix deadlock in split_huge_pmd()" (linux-mm, 10 March 2016; in v4.6 with fec89c109f3a).
//
// A mlocked huge page of which a PMD is split loses its flag at once, under the PMD lock. Before, it is munlocked
// afterwards, under a page lock that the caller may hold already, and with a walk that may flag it again.

import { k } from '../../kernel.ts'
import { haddrOf } from '../../mm/huge_memory.ts'
import { __split_huge_pmd as before } from '../../mm/huge_memory_split.ts'
import { type Mm, type Pmd, type Pmdp, type Vma, vm_area } from '../../mm/mm_types.ts'
import { PageMlocked } from '../../mm/page-flags.ts'
import { pmd_lockptr, pmd_page, pmd_trans_huge } from '../../mm/pgtable.ts'
import { spin_lock, spin_unlock } from '../../ops.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'

export function __split_huge_pmd(vma: Vma, pmd: Pmdp, addr: number): void {
  const ptl = pmd_lockptr(rd(vma + vm_area.vm_mm) as Mm, addr)
  spin_lock(ptl)
  if (pmd_trans_huge(rd(pmd) as Pmd)) {
    const page = pmd_page(rd(pmd) as Pmd)
    if (PageMlocked(page)) k.clear_page_mlock(page)
    k.__split_huge_pmd_locked(vma, pmd, haddrOf(addr), false)
  }
  spin_unlock(ptl)
}

export default patch('thp-split-pmd-posted-v1', {
  subject: 'thp: fix deadlock in split_huge_pmd()',
  release: 'v4.6',
  changes: { __split_huge_pmd: { before, after: __split_huge_pmd } },
})
