// 998b4382c1d7 "hugetlb: fix metadata corruption in hugetlb_fault()" (v2.6.37): only a page that the file has is
// refused for having failed. Before, any page was, also one that had been counted as mapped by then.

import { refusesLostPage as after } from '../../mm/hugetlb_fault.ts'
import { PageHWPoison as before } from '../../mm/page-flags.ts'
import { patch } from '../patch.ts'

export { before as refusesLostPage }

export default patch('998b4382c1d7', {
  subject: 'hugetlb: fix metadata corruption in hugetlb_fault()',
  release: 'v2.6.37',
  needs: ['0fe6e20b9c4c', '7af446a841a2'],
  changes: { refusesLostPage: { before, after } },
})
