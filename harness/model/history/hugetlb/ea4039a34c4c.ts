// ea4039a34c4c "hugetlb: release pages in the error path of hugetlb_cow()" (v3.2).

import { prepareCopy as after } from '../../mm/hugetlb_cow.ts'
import { patch } from '../patch.ts'
import { prepareCopy as before } from './44e2aa937e69.ts'

export default patch('ea4039a34c4c', {
  subject: 'hugetlb: release pages in the error path of hugetlb_cow()',
  release: 'v3.2',
  needs: ['0fe6e20b9c4c', '44e2aa937e69'],
  changes: { prepareCopy: { before, after } },
})
