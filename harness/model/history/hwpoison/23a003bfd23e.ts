// 23a003bfd23e "mm/madvise: pass return code of memory_failure() to userspace" (v4.12). Before, madvise(2) answers that
// all went well, whatever became of the page.

import { k } from '../../kernel.ts'
import { MF_COUNT_INCREASED } from '../../mm/memory-failure.ts'
import { poisonByMadvise as before } from '../../mm/memory-failure_soft.ts'
import type { Page } from '../../mm/mm_types.ts'
import { patch } from '../patch.ts'

const poisonByMadvise = (p: Page): number => k.memory_failure(p, MF_COUNT_INCREASED)

export default patch('23a003bfd23e', {
  subject: 'mm/madvise: pass return code of memory_failure() to userspace',
  release: 'v4.12',
  changes: { poisonByMadvise: { before, after: poisonByMadvise } },
})
