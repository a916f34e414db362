// 9b553bf5eb99 "mm/hugetlb: enable PUD level huge page migration" (v5.1): huge pages of 1 GiB move, too. Memory hotplug
// alone still leaves them where they are (7ed2c31dab26).

import { huge_page_order } from '../../mm/hugetlb_hstate.ts'
import { hugepage_migration_supported as before } from '../../mm/hugetlb_migrate.ts'
import { HPAGE_PMD_ORDER } from '../../mm/init.ts'
import type { Hstate } from '../../mm/mm_types.ts'
import { pudOrder } from '../../mm/pgtable.ts'
import { patch } from '../patch.ts'

const hugepage_migration_supported = (h: Hstate): boolean =>
  huge_page_order(h) === HPAGE_PMD_ORDER || huge_page_order(h) === pudOrder()

export default patch('9b553bf5eb99', {
  subject: 'mm/hugetlb: enable PUD level huge page migration',
  release: 'v5.1',
  changes: { hugepage_migration_supported: { before, after: hugepage_migration_supported } },
})
