// 3fe2011ff51e "mm: migration: allow the migration of PageSwapCache pages" (v2.6.35): a page of the swap cache that
// nobody maps moves too, but nothing is mapped back, so that its anon_vma is not looked at.

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
import { forgetMapping, moveThen } from './move_to_new_page.ts'

declare module '../../kernel.ts' {
  interface Patched {
    /** Until v4.4 it maps the new page back itself, unless it is told not to. */
    move_to_new_page: (newpage: Page, p: Page, remap_swapcache?: boolean) => number
  }
}

/** To v2.6.34. */
export const move_to_new_page_2_6_34 = (newpage: Page, p: Page): number =>
  moveThen(newpage, p, rc => {
    if (rc === 0) k.remove_migration_ptes(p, newpage)
    else forgetMapping(newpage)
  })

export const move_to_new_page = (newpage: Page, p: Page, remap_swapcache = true): number =>
  moveThen(newpage, p, rc => {
    if (rc !== 0) forgetMapping(newpage)
    else if (remap_swapcache) k.remove_migration_ptes(p, newpage)
  })

export function __unmap_and_move(p: Page, newpage: Page): number {
  let rc = -EAGAIN
  let av: AnonVma = NULL
  let remap_swapcache = true
  lock_page(p)
  wait_on_page_writeback(p)
  const rcu_locked = PageAnon(p)
  if (rcu_locked) {
    rcu_read_lock()
    if (page_mapped(p)) {
      av = page_anon_vma(p)
      k.get_anon_vma(av)
    } else if (PageSwapCache(p)) {
      remap_swapcache = false
    } else {
      rcu_read_unlock()
      unlock_page(p)
      return rc
    }
  }
  if (READ_ONCE(p + page.mapping) !== NULL) k.try_to_unmap(p, TTU_MIGRATION | TTU_IGNORE_MLOCK)
  if (!page_mapped(p)) rc = k.move_to_new_page(newpage, p, remap_swapcache)
  if (rc !== 0 && remap_swapcache) k.remove_migration_ptes(p, p)
  if (av !== NULL) k.put_anon_vma(av)
  if (rcu_locked) rcu_read_unlock()
  unlock_page(p)
  return rc
}

export default patch('3fe2011ff51e', {
  subject: 'mm: migration: allow the migration of PageSwapCache pages',
  release: 'v2.6.35',
  needs: ['3f6c82728f4e', '7f60c214fd3a', '67b9509b2c68'],
  changes: {
    __unmap_and_move: { before, after: __unmap_and_move },
    move_to_new_page: { before: move_to_new_page_2_6_34, after: move_to_new_page },
  },
})
