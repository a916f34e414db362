// mm/gup.c since v5.18: to populate memory is to fault it in (b67bf49ce7aa). Nobody follows pages in order to mlock
// them.

import { k } from '../../../kernel.ts'
import * as gup from '../../../mm/gup.ts'
import { mlockMappedByPmd } from '../../../mm/huge_memory_range.ts'
import {
  FOLL_FORCE,
  FOLL_WRITE,
  type Mm,
  VM_LOCKONFAULT,
  VM_READ,
  VM_SHARED,
  VM_WRITE,
  type Vma,
  vm_area,
} from '../../../mm/mm_types.ts'
import { rd } from '../../../store.ts'
import type { Changes } from '../../patch.ts'

/** What was faulted in is put onto its list at once, for the counters' sake (ece369c7e104). */
function populate_vma_page_range(vma: Vma, start: number, end: number): number {
  const vm_flags = rd(vma + vm_area.vm_flags)
  if (vm_flags & VM_LOCKONFAULT) return end - start
  let flags = 0
  if ((vm_flags & (VM_WRITE | VM_SHARED)) === VM_WRITE) flags |= FOLL_WRITE
  if (vm_flags & (VM_READ | VM_WRITE)) flags |= FOLL_FORCE
  const ret = k.__get_user_pages(rd(vma + vm_area.vm_mm) as Mm, start, end - start, flags)
  k.lru_add_drain()
  return ret
}

export const changes: Changes = {
  populate_vma_page_range: { before: gup.populate_vma_page_range, after: populate_vma_page_range },
  mlockMappedByPte: { before: gup.mlockMappedByPte, after: undefined },
  mlockMappedByPmd: { before: mlockMappedByPmd, after: undefined },
}
