// 48db54ee2fa3 "mm/migration: fix page corruption during hugepage migration" (v2.6.38). Before, a huge page that did
// not move is put by migrate_huge_pages, which had no reference of it, and by its caller.

import type { Page } from '../../mm/mm_types.ts'
import { put_page } from '../../mm/page-flags.ts'
import { patch } from '../patch.ts'
import { putbackUnmoved as before } from './290408d4a250.ts'

export const putbackUnmoved = (hpage: Page, _rc: number): void => put_page(hpage)

export default patch('48db54ee2fa3', {
  subject: 'mm/migration: fix page corruption during hugepage migration',
  release: 'v2.6.38',
  needs: ['290408d4a250'],
  changes: { putbackUnmoved: { before, after: putbackUnmoved } },
})
