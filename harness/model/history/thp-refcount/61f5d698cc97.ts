// 61f5d698cc97 "mm: re-enable THP" (v4.5) closes Kirill A. Shutemov's series that redesigned THP refcounting, and
// stands for all of it: ddc58f27f9ee "mm: drop tail page refcounting", 4b471e8898c3 "mm, thp: remove infrastructure for
// handling splitting PMDs", 53f9263baba6 "mm: rework mapcount accounting to enable 4k mapping of THPs", 1f25fe20a76a
// "mm, thp: adjust conditions when we can reuse the page on WP fault", eef1b3ba053a "thp: implement split_huge_pmd()",
// e9b61f19858a "thp: reintroduce split_huge_page()", 9a982250f773 "thp: introduce deferred_split_huge_page()",
// 4e41a30c6d50 "mm: hwpoison: adjust for new thp refcounting".
//
// Before: a huge page is mapped by PMDs only, to split a PMD is to split the page for all who map it, and pins do not
// hinder that, for they are counted by base page. After: PMDs and PTEs may map it at once, a PMD is split without the
// page, and pins keep it whole. Each file here is one of the kernel's.

import { patch } from '../patch.ts'
import { changes as gup } from './gup.ts'
import { changes as huge_memory } from './huge_memory.ts'
import { changes as huge_memory_range } from './huge_memory_range.ts'
import { changes as huge_memory_split } from './huge_memory_split.ts'
import { changes as hugetlb } from './hugetlb.ts'
import { changes as memory } from './memory.ts'
import { changes as memory_failure } from './memory-failure.ts'
import { changes as mm } from './mm.ts'
import { changes as page_alloc } from './page_alloc.ts'
import { changes as recount } from './recount.ts'
import { changes as rmap } from './rmap.ts'
import { changes as swap } from './swap.ts'

export default patch('61f5d698cc97', {
  subject: 'mm: re-enable THP',
  release: 'v4.5',
  with: [
    'ddc58f27f9ee',
    '4b471e8898c3',
    '53f9263baba6',
    '1f25fe20a76a',
    'eef1b3ba053a',
    'e9b61f19858a',
    '9a982250f773',
    '4e41a30c6d50',
  ],
  changes: {
    ...mm,
    ...swap,
    ...page_alloc,
    ...rmap,
    ...memory,
    ...gup,
    ...huge_memory,
    ...huge_memory_range,
    ...huge_memory_split,
    ...hugetlb,
    ...memory_failure,
    ...recount,
  },
})
