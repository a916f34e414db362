// 32665f2bbfed "mm/migrate: correct failure handling if !hugepage_migration_support()" (v3.14). Before, a huge page of
// a size that does not move costs the pool the page that it was to move to. After, the old one is put back, and once
// more by who wanted to take it out of use (30809f559a0d).

import { unmap_and_move_huge_page as after } from '../../mm/hugetlb_migrate.ts'
import { patch } from '../patch.ts'
import { unmap_and_move_huge_page as before } from './e632a938d914.ts'

export default patch('32665f2bbfed', {
  subject: 'mm/migrate: correct failure handling if !hugepage_migration_support()',
  release: 'v3.14',
  needs: ['e632a938d914'],
  changes: { unmap_and_move_huge_page: { before, after } },
})
