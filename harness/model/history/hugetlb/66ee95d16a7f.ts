// 66ee95d16a7f "mm: exclude HugeTLB pages from THP page_mapped() logic" (v4.6; posted 29 March 2016, the id from
// memory).
//
// Of a compound page all parts were asked, as many as a THP has: of a huge page that is smaller (contiguous entries of
// arm64) also of its neighbours. Is one of those mapped, so seems the huge page, and its file cannot give it up.

import { HPAGE_PMD_NR } from '../../mm/init.ts'
import { page_mapped as before } from '../../mm/mm.ts'
import type { Page } from '../../mm/mm_types.ts'
import {
  _mapcount,
  compound_head,
  compound_mapcount_ptr,
  PageCompound,
  PageHuge,
  subpage,
} from '../../mm/page-flags.ts'
import { again, atomic_read, loop } from '../../ops.ts'
import { patch } from '../patch.ts'

function page_mapped(p: Page): boolean {
  if (!PageCompound(p)) return atomic_read(_mapcount(p)) >= 0
  const head = compound_head(p)
  if (atomic_read(compound_mapcount_ptr(head)) >= 0) return true
  if (PageHuge(head)) return false
  const here = loop()
  for (let i = 0; i < HPAGE_PMD_NR; i++) {
    again(here, i)
    if (atomic_read(_mapcount(subpage(head, i))) >= 0) return true
  }
  again(here, HPAGE_PMD_NR)
  return false
}

export default patch('66ee95d16a7f', {
  subject: 'mm: exclude HugeTLB pages from THP page_mapped() logic',
  release: 'v4.6',
  changes: { page_mapped: { before, after: page_mapped } },
})
