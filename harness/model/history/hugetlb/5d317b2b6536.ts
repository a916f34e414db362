// 5d317b2b6536 "mm: hugetlb: proc: add HugetlbPages field to /proc/PID/status" (v4.4). Before, nobody counts what
// hugetlb a process maps. The count does not know migration entries: one that is unmapped stays counted, one that a
// child inherits never is, and what the child unmaps is taken off all the same.

import { hugetlbUsage } from '../../recount-hugetlb.ts'
import { patch } from '../patch.ts'

export default patch('5d317b2b6536', {
  subject: 'mm: hugetlb: proc: add HugetlbPages field to /proc/PID/status',
  release: 'v4.4',
  changes: { hugetlbUsage: { before: () => undefined, after: hugetlbUsage } },
})
