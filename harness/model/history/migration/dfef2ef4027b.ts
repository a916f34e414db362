// dfef2ef4027b "mm, migrate: increment fail count on ENOMEM" (v4.7). Before, a page for which there is none to move to
// has not failed to move.

import { countMoved as before } from '../../mm/migrate.ts'
import { count_vm_events, PGMIGRATE_FAIL, PGMIGRATE_SUCCESS } from '../../mm/vmstat.ts'
import { patch } from '../patch.ts'

const countMoved = (rc: number, pages: number): void =>
  count_vm_events(rc === 0 ? PGMIGRATE_SUCCESS : PGMIGRATE_FAIL, pages)

export default patch('dfef2ef4027b', {
  subject: 'mm, migrate: increment fail count on ENOMEM',
  release: 'v4.7',
  changes: { countMoved: { before, after: countMoved } },
})
