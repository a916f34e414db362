// Minchan Kim's extension of swapcache-kamezawa, 1 April 2010 ("It's not enough."): move_to_new_page does nothing about
// the page tables where the page is in the swap cache, mapped or not.
//
// That goes for failure too: the new page keeps the mapping of the old one. Whoever frees an anonymous page takes its
// mapping away, so nobody notices. And with migration entries (470f119f0120) those of a page that was mapped stay.

import { k } from '../../kernel.ts'
import type { Page } from '../../mm/mm_types.ts'
import { PageSwapCache } from '../../mm/page-flags.ts'
import { patch } from '../patch.ts'
import { move_to_new_page_2_6_34 } from './3fe2011ff51e.ts'
import { __unmap_and_move as before } from './67b9509b2c68.ts'
import { forgetMapping, moveThen } from './move_to_new_page.ts'
import { __unmap_and_move } from './posted-kamezawa.ts'

function move_to_new_page(newpage: Page, p: Page): number {
  const swapcache = PageSwapCache(p)
  return moveThen(newpage, p, rc => {
    if (swapcache) return
    if (rc === 0) k.remove_migration_ptes(p, newpage)
    else forgetMapping(newpage)
  })
}

export default patch('swapcache-minchan', {
  subject:
    'Re: mm,migration: Allow the migration of PageSwapCache pages: not in move_to_new_page either (1 April 2010)',
  release: undefined,
  standsFor: '3fe2011ff51e',
  needs: ['67b9509b2c68'],
  changes: {
    __unmap_and_move: { before, after: __unmap_and_move },
    move_to_new_page: { before: move_to_new_page_2_6_34, after: move_to_new_page },
  },
})
