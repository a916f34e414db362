// 854e9ed09ded "mm: support madvise(MADV_FREE)" (v4.5), with those of its series: until then there is no such advice,
// and a page that joins the swap cache is dirty from then on.

import { EINVAL } from '../../mm/errno.ts'
import { madvise_free } from '../../mm/madvise_free.ts'
import type { Page } from '../../mm/mm_types.ts'
import { SetPageDirty } from '../../mm/page-flags.ts'
import { add_to_swap as after } from '../../mm/swap_state.ts'
import { patch } from '../patch.ts'

function add_to_swap(p: Page, list: Page[]): boolean {
  const done = after(p, list)
  if (done) SetPageDirty(p)
  return done
}

export default patch('854e9ed09ded', {
  subject: 'mm: support madvise(MADV_FREE)',
  release: 'v4.5',
  changes: {
    madvise_free: { before: (): number => -EINVAL, after: madvise_free },
    add_to_swap: { before: add_to_swap, after },
  },
})
