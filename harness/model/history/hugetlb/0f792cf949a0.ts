// 0f792cf949a0 "mm/hugetlb: fix getting refcount 0 page in hugetlb_fault()" (v4.0): the page is held only once the page
// table lock shows that it is mapped still. Since then its lock is tried for, and waited for without any other.

import { hugetlb_present as after } from '../../mm/hugetlb_fault.ts'
import { patch } from '../patch.ts'
import { hugetlb_present as before } from './66aebce747ea.ts'

export default patch('0f792cf949a0', {
  subject: 'mm/hugetlb: fix getting refcount 0 page in hugetlb_fault()',
  release: 'v4.0',
  changes: { hugetlb_present: { before, after } },
})
