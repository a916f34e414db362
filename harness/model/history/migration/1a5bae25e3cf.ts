// 1a5bae25e3cf "mm/vmstat: add events for THP migration without split" (v5.9): of a huge page that has moved as many
// pages are counted as it has; one that was tried to the end counts as one failure. Before, it is one page either way.
// The events that it adds the model does not have.

import { k } from '../../kernel.ts'
import { EAGAIN, ENOMEM } from '../../mm/errno.ts'
import { migrate_pages as before } from '../../mm/migrate.ts'
import type { Page } from '../../mm/mm_types.ts'
import { hpage_nr_pages } from '../../mm/page-flags.ts'
import { count_vm_events, PGMIGRATE_FAIL, PGMIGRATE_SUCCESS } from '../../mm/vmstat.ts'
import { patch } from '../patch.ts'

function migrate_pages(p: Page, reason = 0): number {
  const nr_subpages = hpage_nr_pages(p)
  const rc = k.unmap_and_move(p, reason)
  if (rc === 0) count_vm_events(PGMIGRATE_SUCCESS, nr_subpages)
  else count_vm_events(PGMIGRATE_FAIL, rc === -EAGAIN ? 1 : nr_subpages)
  if (rc === -EAGAIN || rc === -ENOMEM) k.putback_movable_page(p)
  return rc
}

export default patch('1a5bae25e3cf', {
  subject: 'mm/vmstat: add events for THP migration without split',
  release: 'v5.9',
  needs: ['616b8371539a'],
  changes: { migrate_pages: { before, after: migrate_pages } },
})
