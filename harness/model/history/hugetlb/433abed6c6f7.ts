// 433abed6c6f7 "hugetlb, rmap: always use anon_vma root pointer" (v2.6.36): what 288468c334e9 did for pages of the LRU.
// A page that may be another's, too, is looked for from the root; a page that has an anon_vma keeps it.

import { __hugepage_set_anon_rmap as after } from '../../mm/hugetlb_rmap.ts'
import { patch } from '../patch.ts'
import { __hugepage_set_anon_rmap as before } from './0fe6e20b9c4c.ts'

export default patch('433abed6c6f7', {
  subject: 'hugetlb, rmap: always use anon_vma root pointer',
  release: 'v2.6.36',
  needs: ['0fe6e20b9c4c'],
  changes: { __hugepage_set_anon_rmap: { before, after } },
})
