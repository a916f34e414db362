// 8382d914ebf7 "mm, hugetlb: improve page-fault scalability" (v3.15). Before, one mutex kept all faults on huge pages
// apart, hugetlb_instantiation_mutex.

import { hugetlb_fault_mutex_hash as after } from '../../mm/hugetlb_fault.ts'
import { patch } from '../patch.ts'

const hugetlb_fault_mutex_hash = (): number => 0

export default patch('8382d914ebf7', {
  subject: 'mm, hugetlb: improve page-fault scalability',
  release: 'v3.15',
  changes: { hugetlb_fault_mutex_hash: { before: hugetlb_fault_mutex_hash, after } },
})
