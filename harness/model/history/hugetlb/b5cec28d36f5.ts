// b5cec28d36f5 "hugetlbfs: truncate_hugepages() takes a range of pages" (v4.3): since holes can be punched, a page
// leaves the file under the fault mutex. Before, under its lock alone, and a fault that had found it had to look at the
// file's size.

import * as v4_5 from '../../fs/hugetlbfs_truncate.ts'
import { i_data } from '../../fs/inode.ts'
import { k } from '../../kernel.ts'
import { find_get_pages } from '../../mm/filemap.ts'
import { TO_END } from '../../mm/hugetlb_region.ts'
import { type Inode, NULL, type Page, page as struct_page } from '../../mm/mm_types.ts'
import { lock_page, put_page, unlock_page } from '../../mm/page-flags.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'

/** include/linux/pagevec.h */
const PAGEVEC_SIZE = 14

/** truncate_hugepages. A hole, which nobody could punch yet, is treated likewise. */
function remove_inode_hugepages(inode: Inode, start: number, end: number): void {
  const truncate = end === TO_END
  let freed = 0
  for (let next = start; next < end; ) {
    const pvec = find_get_pages(i_data(inode), next, end, PAGEVEC_SIZE)
    if (pvec.length === 0) break
    for (const page of pvec) {
      next = rd(page + struct_page.index) + 1
      k.removeInodeHugepage(inode, page, next - 1, truncate, NULL)
      freed++
    }
    for (const page of pvec) put_page(page)
  }
  if (truncate) k.hugetlb_unreserve_pages(inode, start, TO_END, freed)
}

function removeInodeHugepage(inode: Inode, page: Page, index: number, truncate: boolean): void {
  lock_page(page)
  k.remove_huge_page(page)
  if (!truncate) k.hugetlb_unreserve_pages(inode, index, index + 1, 1)
  unlock_page(page)
}

export default patch('b5cec28d36f5', {
  subject: 'hugetlbfs: truncate_hugepages() takes a range of pages',
  release: 'v4.3',
  changes: {
    remove_inode_hugepages: { before: remove_inode_hugepages, after: v4_5.remove_inode_hugepages },
    removeInodeHugepage: { before: removeInodeHugepage, after: v4_5.removeInodeHugepage },
  },
})
