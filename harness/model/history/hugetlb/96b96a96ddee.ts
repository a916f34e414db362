// 96b96a96ddee "mm/hugetlb: fix huge page reservation leak in private mapping error paths" (v4.9). Before, a fault that
// gives up the page it had by a reservation gives that back to the pool (since 07443a85ad90), and the map goes on
// saying that it was used: nobody can use it, and HugePages_Rsvd is one too high for ever.

import { k } from '../../kernel.ts'
import { putUnmappedPage as before } from '../../mm/hugetlb_fault.ts'
import { hstate_vma } from '../../mm/hugetlb_hstate.ts'
import { region_abort, region_add, region_del } from '../../mm/hugetlb_region.ts'
import { vma_hugecache_offset, vma_resv_map } from '../../mm/hugetlb_resv.ts'
import { type Page, VM_MAYSHARE, type Vma, vm_area } from '../../mm/mm_types.ts'
import { ClearPagePrivate, PagePrivate, put_page } from '../../mm/page-flags.ts'
import { test_bit } from '../../ops.ts'
import { patch } from '../patch.ts'

function putUnmappedPage(vma: Vma, addr: number, page: Page): void {
  restore_reserve_on_error(vma, addr, page)
  put_page(page)
}

/** The map shall say again that there is a reservation; where it cannot, free_huge_page shall not think so. */
function restore_reserve_on_error(vma: Vma, addr: number, page: Page): void {
  if (!PagePrivate(page)) return
  const h = hstate_vma(vma)
  const rc = k.vma_needs_reservation(h, vma, addr)
  if (rc < 0) ClearPagePrivate(page)
  else if (rc > 0 && vma_add_reservation(vma, addr) < 0) ClearPagePrivate(page)
  else if (rc === 0) k.vma_end_reservation(h, vma, addr)
}

/** Of a shared mapping the map holds what is reserved, of a private one what is used. Negative: no memory for that. */
function vma_add_reservation(vma: Vma, addr: number): number {
  const resv = vma_resv_map(vma)
  const idx = vma_hugecache_offset(hstate_vma(vma), vma, addr)
  if (test_bit(vma + vm_area.vm_flags, VM_MAYSHARE)) return region_add(resv, idx, idx + 1)
  region_abort(resv)
  return region_del(resv, idx, idx + 1)
}

export default patch('96b96a96ddee', {
  subject: 'mm/hugetlb: fix huge page reservation leak in private mapping error paths',
  release: 'v4.9',
  // Whose answer for a private mapping it goes by.
  needs: ['67961f9db8c4'],
  changes: { putUnmappedPage: { before, after: putUnmappedPage } },
})
