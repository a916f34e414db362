// 0798d3c022dc "mm: thp: avoid false positive VM_BUG_ON_PAGE in page_move_anon_rmap()" (v4.7, stable 4.5.6).
//
// 6d0a07edd17c moves a THP by its head, but hands on the address of the fault: with CONFIG_DEBUG_VM the index of
// the head does not fit it. The address is rounded down to the huge page, which is enough unless the vma starts
// above it: then the index is computed below vm_start (5a49973d7143).

import { haddrOf } from '../../mm/huge_memory.ts'
import { debug_vm } from '../../mm/init.ts'
import {
  type AnonVma,
  NULL,
  PAGE_MAPPING_ANON,
  type Page,
  page as struct_page,
  type Vma,
  vm_area,
} from '../../mm/mm_types.ts'
import { PageLocked, PageTransHuge, VM_BUG_ON_PAGE, VM_BUG_ON_VMA } from '../../mm/page-flags.ts'
import { linear_page_index, page_move_anon_rmap as page_move_anon_rmap_4_5 } from '../../mm/rmap.ts'
import { WRITE_ONCE } from '../../ops.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'

export function page_move_anon_rmap(page: Page, vma: Vma, addr: number): void {
  const av = rd(vma + vm_area.anon_vma) as AnonVma
  VM_BUG_ON_PAGE(!PageLocked(page), page, '!PageLocked(page)')
  VM_BUG_ON_VMA(av === NULL, vma, '!anon_vma')
  if (debug_vm && PageTransHuge(page)) addr = haddrOf(addr)
  VM_BUG_ON_PAGE(
    rd(page + struct_page.index) !== linear_page_index(vma, addr),
    page,
    'page->index != linear_page_index(vma, address)',
  )
  WRITE_ONCE(page + struct_page.mapping, av + PAGE_MAPPING_ANON)
}

export default patch('0798d3c022dc', {
  subject: 'mm: thp: avoid false positive VM_BUG_ON_PAGE in page_move_anon_rmap()',
  release: 'v4.7',
  needs: ['6d0a07edd17c'],
  changes: { page_move_anon_rmap: { before: page_move_anon_rmap_4_5, after: page_move_anon_rmap } },
})
