// 7ca02d0ae586 "hugetlbfs: accept subpool min_size mount option and setup accordingly" (v4.1), with the patches before
// it, "hugetlbfs: add minimum size tracking fields to subpool structure" and "hugetlbfs: add minimum size accounting to
// subpools". Before, nobody can say that a mount has a minimum, and without one all that counts it changes nothing.

import { hugetlbfs_fill_super as after } from '../../fs/hugetlbfs.ts'
import { EINVAL } from '../../mm/errno.ts'
import type { Hstate, Subpool } from '../../mm/mm_types.ts'
import { patch } from '../patch.ts'

function hugetlbfs_fill_super(h: Hstate, max_hpages: number, min_hpages: number): Subpool {
  // "Bad mount option"
  return min_hpages === -1 ? after(h, max_hpages, -1) : (-EINVAL as Subpool)
}

export default patch('7ca02d0ae586', {
  subject: 'hugetlbfs: accept subpool min_size mount option and setup accordingly',
  release: 'v4.1',
  changes: { hugetlbfs_fill_super: { before: hugetlbfs_fill_super, after } },
})
