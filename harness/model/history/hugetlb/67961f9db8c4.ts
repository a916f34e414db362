// 67961f9db8c4 "mm/hugetlb: fix huge page reserve leak for private mappings" (v4.7).
//
// Before, every fault of the owner of a private mapping took a reservation, also one on a page whose reservation was
// used and which truncation or a hole has taken away since: then another's was used up, or one that did not exist, and
// HugePages_Rsvd fell below zero. The map of a private mapping holds what is used, so that it says the opposite of a
// shared one's.

import { region_add, region_chg } from '../../mm/hugetlb_region.ts'
import * as before from '../../mm/hugetlb_resv.ts'
import { HPAGE_RESV_OWNER, is_vma_resv_set, vma_hugecache_offset, vma_resv_map } from '../../mm/hugetlb_resv.ts'
import { type Hstate, NULL, VM_MAYSHARE, VM_NORESERVE, type Vma, vm_area } from '../../mm/mm_types.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'

/** What the map says of one page, as a fault wants to know it: 1, no reservation is there for it; or an error. */
function answer(vma: Vma, ret: number): number {
  if (ret < 0 || rd(vma + vm_area.vm_flags) & VM_MAYSHARE) return ret
  return is_vma_resv_set(vma, HPAGE_RESV_OWNER) && ret === 0 ? 1 : 0
}

function vma_needs_reservation(h: Hstate, vma: Vma, addr: number): number {
  const resv = vma_resv_map(vma)
  if (resv === NULL) return 1
  const idx = vma_hugecache_offset(h, vma, addr)
  return answer(vma, region_chg(resv, idx, idx + 1))
}

function vma_commit_reservation(h: Hstate, vma: Vma, addr: number): number {
  const resv = vma_resv_map(vma)
  if (resv === NULL) return 1
  const idx = vma_hugecache_offset(h, vma, addr)
  return answer(vma, region_add(resv, idx, idx + 1))
}

function vma_has_reserves(vma: Vma, chg: number): boolean {
  const flags = rd(vma + vm_area.vm_flags)
  if (flags & (VM_NORESERVE | VM_MAYSHARE)) return (flags & VM_MAYSHARE) !== 0 && chg === 0
  return is_vma_resv_set(vma, HPAGE_RESV_OWNER) && chg === 0
}

export default patch('67961f9db8c4', {
  subject: 'mm/hugetlb: fix huge page reserve leak for private mappings',
  release: 'v4.7',
  changes: {
    vma_needs_reservation: { before: before.vma_needs_reservation, after: vma_needs_reservation },
    vma_commit_reservation: { before: before.vma_commit_reservation, after: vma_commit_reservation },
    vma_has_reserves: { before: before.vma_has_reserves, after: vma_has_reserves },
  },
})
