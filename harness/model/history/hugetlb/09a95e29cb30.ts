// 09a95e29cb30 "mm/hugetlb: optimize minimum size (min_size) accounting" (v4.7; the id is from memory). Before, what a
// mount gives back is reserved for it again as long as less than its minimum is reserved, whatever it has in use;
// after, only once it uses less than its minimum. How much it uses is counted for a mount that also has a limit.

import {
  hugepage_subpool_put_pages as before,
  hugepage_subpool,
  unlock_or_release_subpool,
} from '../../mm/hugetlb_subpool.ts'
import { NULL, type Subpool } from '../../mm/mm_types.ts'
import { spin_lock } from '../../ops.ts'
import { rd, wr } from '../../store.ts'
import { patch } from '../patch.ts'

const { lock, max_hpages, used_hpages, min_hpages, rsv_hpages } = hugepage_subpool

function hugepage_subpool_put_pages(spool: Subpool, delta: number): number {
  if (spool === NULL) return delta
  let ret = delta
  spin_lock(spool + lock)
  if (rd(spool + max_hpages) !== -1) wr(spool + used_hpages, rd(spool + used_hpages) - delta)
  const min = rd(spool + min_hpages)
  if (min !== -1 && rd(spool + used_hpages) < min) {
    const reserved = rd(spool + rsv_hpages) + delta
    ret = Math.max(0, reserved - min)
    wr(spool + rsv_hpages, Math.min(reserved, min))
  }
  unlock_or_release_subpool(spool)
  return ret
}

export default patch('09a95e29cb30', {
  subject: 'mm/hugetlb: optimize minimum size (min_size) accounting',
  release: 'v4.7',
  changes: { hugepage_subpool_put_pages: { before, after: hugepage_subpool_put_pages } },
})
