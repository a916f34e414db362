// 4643d67e8cb0 "hugetlbfs: fix hugetlb page migration/fault race causing SIGBUS" (v5.3). An entry whose page moves is
// none for a moment, and the fault mutex does not keep migration out. Before, a fault that meets it just then wants a
// page of its own, and where there is none the process gets a SIGBUS.

import { faultWithoutPage as before, faultOf } from '../../mm/hugetlb_fault.ts'
import { huge_pte_lock, huge_pte_none } from '../../mm/hugetlb_pte.ts'
import type { Hstate, Mm, Pmd, Pmdp } from '../../mm/mm_types.ts'
import { spin_unlock } from '../../ops.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'

function faultWithoutPage(h: Hstate, mm: Mm, addr: number, ptep: Pmdp, error: number): number {
  const ptl = huge_pte_lock(h, mm, addr)
  const none = huge_pte_none(rd(ptep) as Pmd)
  spin_unlock(ptl)
  return none ? faultOf(error) : 0
}

export default patch('4643d67e8cb0', {
  subject: 'hugetlbfs: fix hugetlb page migration/fault race causing SIGBUS',
  release: 'v5.3',
  changes: { faultWithoutPage: { before, after: faultWithoutPage } },
})
