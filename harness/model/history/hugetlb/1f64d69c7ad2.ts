// 1f64d69c7ad2 "mm/hugetlb.c: avoid double unlock_page() in hugetlb_fault()" (v2.6.37): a page that is the file's was
// unlocked as such. Whoever had locked it in between lost his lock (56c9cfb13c9b).

import { lockPagecachePage } from '../../mm/hugetlb_fault.ts'
import { type Mm, NULL, type Page, type Pmd, type Pmdp, VM_FAULT_OOM, type Vma } from '../../mm/mm_types.ts'
import { lock_page, unlock_page } from '../../mm/page-flags.ts'
import { pmd_page } from '../../mm/pgtable.ts'
import { patch } from '../patch.ts'
import { accessUnlessChanged } from './0fe6e20b9c4c.ts'
import { hugetlb_present as before } from './56c9cfb13c9b.ts'

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
  if (page !== pagecache_page) unlock_page(page)
  return [ret, NULL]
}

export default patch('1f64d69c7ad2', {
  subject: 'mm/hugetlb.c: avoid double unlock_page() in hugetlb_fault()',
  release: 'v2.6.37',
  needs: ['0fe6e20b9c4c', '28957a5467ba', '56c9cfb13c9b'],
  changes: { hugetlb_present: { before, after: hugetlb_present } },
})
