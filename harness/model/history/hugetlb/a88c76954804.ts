// a88c76954804 "mm: hugetlb: fix hugepage memory leak caused by wrong reserve count" (v4.4). Who has a reservation, and
// finds no page in the pool, has a surplus page by it. Before, he has that beside it, and the reservation stays for
// ever.

import { useReservation as after } from '../../mm/hugetlb_alloc.ts'
import { patch } from '../patch.ts'

export default patch('a88c76954804', {
  subject: 'mm: hugetlb: fix hugepage memory leak caused by wrong reserve count',
  release: 'v4.4',
  changes: { useReservation: { before: () => {}, after } },
})
