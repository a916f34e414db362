// The fourteenth of Mel Gorman's patches of 30 March 2010, "[PATCH 14/14] mm,migration: Allow the migration of
// PageSwapCache pages", as it was posted on top of 3f6c82728f4e and 67b9509b2c68.
//
// A page of the swap cache that nobody maps moves, without a reference of an anon_vma that may be gone; and so that
// nobody looks at that anon_vma, rmap_walk passes over whatever is in the swap cache. What the review asked is what the
// check was for; Mel's answer of 1 April is the oops in rmap_walk without it.
//
// While try_to_unmap gives a page of the swap cache its swap entry, there is nothing to be found that the walk misses.
// With migration entries (470f119f0120) there is: they stay, also when the page has not moved.
//
// Left out: what it does to a page of the swap cache without a mapping, for there is none, as KAMEZAWA Hiroyuki said at
// once.

import { k } from '../../kernel.ts'
import { EAGAIN } from '../../mm/errno.ts'
import * as migrate from '../../mm/migrate.ts'
import { type AnonVma, NULL, type Page, page } from '../../mm/mm_types.ts'
import {
  lock_page,
  PageAnon,
  PageSwapCache,
  page_mapped,
  unlock_page,
  wait_on_page_writeback,
} from '../../mm/page-flags.ts'
import { TTU_IGNORE_MLOCK, TTU_MIGRATION } from '../../mm/rmap_unmap.ts'
import { page_anon_vma } from '../../mm/rmap_walk.ts'
import { READ_ONCE } from '../../ops.ts'
import { rcu_read_lock, rcu_read_unlock } from '../../rcu.ts'
import { patch } from '../patch.ts'
import { __unmap_and_move as before } from './67b9509b2c68.ts'

/** No reference of what nobody may be holding. */
export function __unmap_and_move(p: Page, newpage: Page): number {
  let rc = -EAGAIN
  let av: AnonVma = NULL
  lock_page(p)
  wait_on_page_writeback(p)
  const rcu_locked = PageAnon(p)
  if (rcu_locked) {
    rcu_read_lock()
    if (page_mapped(p)) {
      av = page_anon_vma(p)
      k.get_anon_vma(av)
    } else if (!PageSwapCache(p)) {
      rcu_read_unlock()
      unlock_page(p)
      return rc
    }
  }
  if (READ_ONCE(p + page.mapping) !== NULL) k.try_to_unmap(p, TTU_MIGRATION | TTU_IGNORE_MLOCK)
  if (!page_mapped(p)) rc = k.move_to_new_page(newpage, p)
  if (rc !== 0) k.remove_migration_ptes(p, p)
  if (av !== NULL) k.put_anon_vma(av)
  if (rcu_locked) rcu_read_unlock()
  unlock_page(p)
  return rc
}

/** The check stands in rmap_walk, of which this is all there was. */
function remove_migration_ptes(old: Page, p: Page): void {
  if (PageSwapCache(p)) return
  migrate.remove_migration_ptes(old, p)
}

export default patch('swapcache-posted-m1', {
  subject: 'mm,migration: Allow the migration of PageSwapCache pages (posted 30 March 2010)',
  release: undefined,
  standsFor: '3fe2011ff51e',
  needs: ['67b9509b2c68'],
  changes: {
    __unmap_and_move: { before, after: __unmap_and_move },
    remove_migration_ptes: { before: migrate.remove_migration_ptes, after: remove_migration_ptes },
  },
})
