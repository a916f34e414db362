// 7258ae5c5a2c "mm/memory-failure.c: use compound_head() flags for huge pages" (v4.13).
//
// What a huge page is stands in the flags of its head. Before, a tail that failed is in an unknown state, and the
// answer is that nothing could be done.

import { flagsToJudge as before } from '../../mm/memory-failure.ts'
import { type Page, page } from '../../mm/mm_types.ts'
import { PageHuge } from '../../mm/page-flags.ts'
import { READ_ONCE } from '../../ops.ts'
import { patch } from '../patch.ts'

const flagsToJudge = (p: Page, hpage: Page): number => READ_ONCE((PageHuge(p) ? hpage : p) + page.flags)

export default patch('7258ae5c5a2c', {
  subject: 'mm/memory-failure.c: use compound_head() flags for huge pages',
  release: 'v4.13',
  changes: { flagsToJudge: { before, after: flagsToJudge } },
})
