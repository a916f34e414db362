// Mel Gorman's next version, 1 April 2010, with safe_to_remap: what was not mapped is not mapped back, by nobody.
//
// What KAMEZAWA Hiroyuki found in it: where it has not moved either, the new page keeps the mapping of the old one.
// With that put right, and safe_to_remap called remap_swapcache, it is 3fe2011ff51e. (Of the mail the last lines are
// not at hand; that unmap_and_move asks safe_to_remap too is taken from there.)

import { k } from '../../kernel.ts'
import type { Page } from '../../mm/mm_types.ts'
import { patch } from '../patch.ts'
import { __unmap_and_move, move_to_new_page_2_6_34 } from './3fe2011ff51e.ts'
import { __unmap_and_move as before } from './67b9509b2c68.ts'
import { forgetMapping, moveThen } from './move_to_new_page.ts'

const move_to_new_page = (newpage: Page, p: Page, safe_to_remap = true): number =>
  moveThen(newpage, p, rc => {
    if (!safe_to_remap) return
    if (rc === 0) k.remove_migration_ptes(p, newpage)
    else forgetMapping(newpage)
  })

export default patch('swapcache-posted-m2', {
  subject: 'mm,migration: Allow the migration of PageSwapCache pages (posted 1 April 2010)',
  release: undefined,
  standsFor: '3fe2011ff51e',
  needs: ['67b9509b2c68'],
  changes: {
    __unmap_and_move: { before, after: __unmap_and_move },
    move_to_new_page: { before: move_to_new_page_2_6_34, after: move_to_new_page },
  },
})
