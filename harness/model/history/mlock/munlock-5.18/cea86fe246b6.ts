// cea86fe246b6 "mm/munlock: rmap call mlock_vma_page() munlock_vma_page()" (v5.18) is the heart of Hugh Dickins' series
// "mm/munlock: rework of mlock+munlock page handling", and stands for all of it: ebcbc6ea7d8a "mm/munlock: delete
// page_mlock() and all its works", b67bf49ce7aa "mm/munlock: delete FOLL_MLOCK and FOLL_POPULATE", a213e5cf71cb
// "mm/munlock: delete munlock_vma_pages_all(), allow oomreap", b109b87050df "mm/munlock: replace clear_page_mlock() by
// final clearance", 07ca76067308 "mm/munlock: maintain page->mlock_count while unevictable", 34b67923485a "mm/munlock:
// mlock_pte_range() when mlocking or munlocking", c3096e6782b7 "mm/migrate: __unmap_and_move() push good newpage to
// LRU", 2fbb0c10d1e8 "mm/munlock: mlock_page() munlock_page() batch by pagevec", b74355078b65 "mm/munlock: page
// migration needs mlock pagevec drained", adb11e78c5dc "mm/munlock: protect the per-CPU pagevec by a local_lock_t".
// What it builds on of the releases between is named in each file.
//
// Before: munlock looks each page up, takes its lock, clears the flag, and asks the rmap whether another locked vma
// maps it. After: to map a page into a locked vma is to mlock it, to unmap it is to munlock it, and the page counts by
// how many. Of a huge page only PMDs count. Each file here is one of the kernel's.

import { patch } from '../../patch.ts'
import { changes as gup } from './gup.ts'
import { changes as huge_memory } from './huge_memory.ts'
import { changes as memory } from './memory.ts'
import { changes as migrate } from './migrate.ts'
import { changes as mlock } from './mlock.ts'
import { changes as mlock_page } from './mlock_page.ts'
import { changes as recount } from './recount.ts'
import { changes as rmap } from './rmap.ts'
import { changes as split_page } from './split_page.ts'
import { changes as swap } from './swap.ts'
import { changes as vmscan } from './vmscan.ts'

export default patch('cea86fe246b6', {
  subject: 'mm/munlock: rmap call mlock_vma_page() munlock_vma_page()',
  release: 'v5.18',
  needs: ['8f182270dfec', '616b8371539a'],
  changes: {
    ...mlock_page,
    ...mlock,
    ...rmap,
    ...swap,
    ...vmscan,
    ...memory,
    ...gup,
    ...huge_memory,
    ...split_page,
    ...migrate,
    ...recount,
  },
})
