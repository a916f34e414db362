// 616b8371539a "mm: thp: enable thp migration in generic path" (v4.14) is the heart of Zi Yan's and Naoya Horiguchi's
// series "mm: page migration enhancement for thp", and stands for all of it: 9c670ea37947 "mm: thp: introduce separate
// TTU flag for thp freezing", 84c3fc4e9c56 "mm: thp: check pmd migration entry in common path", ab6e3d096393 "mm:
// soft-dirty: keep soft-dirty bits over thp migration", e8db67eb0ded "mm: migrate: move_pages() supports thp
// migration". Of what it builds on, ace71a19cec5 "mm: introduce page_vma_mapped_walk()" (v4.11) is in
// page_vma_mapped.ts, 33f4751e9960 "mm: thp: move pmd check inside ptl for freeze_page()" (v4.8) in huge_memory.ts.
//
// Before, a huge page is split, and the first of its pages moves. After, a migration entry takes the place of the PMD,
// and everybody who walks page tables knows it. Each file here is one of the kernel's, or a part of it.
//
// Of v4.8 to v4.14 the model has neither try_to_unmap's answer as a bool (666e5a406c3e) nor the swapping out of whole
// huge pages (38d8b4e6bdc8), MADV_FREE or five-level page tables. Which thread counts where is as in v4.5.

import { patch } from '../../patch.ts'
import { changes as huge_memory } from './huge_memory.ts'
import { changes as huge_memory_range } from './huge_memory_range.ts'
import { changes as migrate } from './migrate.ts'
import { changes as page_vma_mapped } from './page_vma_mapped.ts'
import { changes as rmap } from './rmap.ts'
import { changes as walks } from './walks.ts'

export default patch('616b8371539a', {
  subject: 'mm: thp: enable thp migration in generic path',
  release: 'v4.14',
  needs: ['fec89c109f3a', 'c6c919eb90e0'],
  changes: { ...huge_memory, ...huge_memory_range, ...migrate, ...page_vma_mapped, ...rmap, ...walks },
})
