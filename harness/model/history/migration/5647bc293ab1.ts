// 5647bc293ab1 "mm: compaction: Move migration fail/success stats to migrate.c" (v3.8).
//
// pgmigrate_success and pgmigrate_fail are the migration of whoever migrates. Before, /proc/vmstat has neither:
// compaction alone counted what it moved, as compact_pages_moved. What these releases do not show the model counts all
// the same.

import { patch } from '../patch.ts'
import { countersOfOthers as after } from '../thp-refcount/recount.ts'

const countersOfOthers = (): readonly string[] => [...after(), 'pgmigrate_success', 'pgmigrate_fail']

export default patch('5647bc293ab1', {
  subject: 'mm: compaction: Move migration fail/success stats to migrate.c',
  release: 'v3.8',
  changes: { countersOfOthers: { before: countersOfOthers, after } },
})
