// KAMEZAWA Hiroyuki's sketch of 1 April 2010 ("Maybe this is a fix."): unmap_and_move knows whether somebody mapped the
// page, and where nobody did it neither unmaps it nor maps it back, as his skip_remap says.
//
// What Minchan Kim found in it: move_to_new_page maps back too, by an anon_vma that may be gone.

import { k } from '../../kernel.ts'
import { EAGAIN } from '../../mm/errno.ts'
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

export function __unmap_and_move(p: Page, newpage: Page): number {
  let rc = -EAGAIN
  let av: AnonVma = NULL
  let skip_remap = false
  lock_page(p)
  wait_on_page_writeback(p)
  const rcu_locked = PageAnon(p)
  if (rcu_locked) {
    rcu_read_lock()
    if (page_mapped(p)) {
      av = page_anon_vma(p)
      k.get_anon_vma(av)
    } else if (PageSwapCache(p)) {
      skip_remap = true
    } else {
      rcu_read_unlock()
      unlock_page(p)
      return rc
    }
  }
  if (!skip_remap && READ_ONCE(p + page.mapping) !== NULL) k.try_to_unmap(p, TTU_MIGRATION | TTU_IGNORE_MLOCK)
  if (!page_mapped(p)) rc = k.move_to_new_page(newpage, p)
  if (rc !== 0 && !skip_remap) k.remove_migration_ptes(p, p)
  if (av !== NULL) k.put_anon_vma(av)
  if (rcu_locked) rcu_read_unlock()
  unlock_page(p)
  return rc
}

export default patch('swapcache-kamezawa', {
  subject: 'Re: mm,migration: Allow the migration of PageSwapCache pages: skip_remap (1 April 2010)',
  release: undefined,
  standsFor: '3fe2011ff51e',
  needs: ['67b9509b2c68'],
  changes: { __unmap_and_move: { before, after: __unmap_and_move } },
})
