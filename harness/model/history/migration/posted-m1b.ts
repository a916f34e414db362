// Mel Gorman's answer of 31 March 2010 to the review of swapcache-posted-m1: rmap_walk passes over what is in the swap
// cache and not mapped.
//
// As KAMEZAWA Hiroyuki said, that changes nothing: whoever walks to put migration entries back walks from a page that
// nobody maps yet.

import * as migrate from '../../mm/migrate.ts'
import type { Page } from '../../mm/mm_types.ts'
import { PageSwapCache, page_mapped } from '../../mm/page-flags.ts'
import { patch } from '../patch.ts'
import { __unmap_and_move as before } from './67b9509b2c68.ts'
import { __unmap_and_move } from './posted-m1.ts'

function remove_migration_ptes(old: Page, p: Page): void {
  if (PageSwapCache(p) && !page_mapped(p)) return
  migrate.remove_migration_ptes(old, p)
}

export default patch('swapcache-posted-m1b', {
  subject: 'mm,migration: Allow the migration of PageSwapCache pages (posted 31 March 2010)',
  release: undefined,
  standsFor: '3fe2011ff51e',
  needs: ['67b9509b2c68'],
  changes: {
    __unmap_and_move: { before, after: __unmap_and_move },
    remove_migration_ptes: { before: migrate.remove_migration_ptes, after: remove_migration_ptes },
  },
})
