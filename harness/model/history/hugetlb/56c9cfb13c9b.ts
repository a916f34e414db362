// 56c9cfb13c9b "hugetlb, rmap: fix confusing page locking in hugetlb_cow()" (v2.6.36).
//
// The fault locks the page that is mapped, also when the file has another one, so hugetlb_cow tries no lock. But it
// unlocks that page even where it is the file's, which is unlocked already (1f64d69c7ad2).

import { lockPagecachePage } from '../../mm/hugetlb_fault.ts'
import { type Mm, NULL, type Page, type Pmd, type Pmdp, VM_FAULT_OOM, type Vma } from '../../mm/mm_types.ts'
import { lock_page, unlock_page } from '../../mm/page-flags.ts'
import { pmd_page } from '../../mm/pgtable.ts'
import { patch } from '../patch.ts'
import { accessUnlessChanged, hugetlb_present as hugetlb_present_0fe6e20b9c4c } from './0fe6e20b9c4c.ts'
import { avoidCopy } from './37a2140dc214.ts'
import { avoidCopy as avoidCopy_28957a5467ba } from './28957a5467ba.ts'

export function hugetlb_present(
  mm: Mm,
  vma: Vma,
  addr: number,
  ptep: Pmdp,
  entry: Pmd,
  flags: number,
): readonly [ret: number, wait: Page] {
  const pagecache_page = lockPagecachePage(vma, addr, entry, flags)
  if (pagecache_page < 0) return [VM_FAULT_OOM, NULL]
  const page = pmd_page(entry)
  if (page !== pagecache_page) lock_page(page)
  const ret = accessUnlessChanged(mm, vma, addr, ptep, entry, flags, pagecache_page)
  unlock_page(page)
  return [ret, NULL]
}

export default patch('56c9cfb13c9b', {
  subject: 'hugetlb, rmap: fix confusing page locking in hugetlb_cow()',
  release: 'v2.6.36',
  needs: ['0fe6e20b9c4c', '28957a5467ba'],
  changes: {
    avoidCopy: { before: avoidCopy_28957a5467ba, after: avoidCopy },
    hugetlb_present: { before: hugetlb_present_0fe6e20b9c4c, after: hugetlb_present },
  },
})
