// 67b9509b2c68 "mm: migration: do not try to migrate unmapped anonymous pages" (v2.6.35): what nobody maps may name an
// anon_vma that was freed long ago. So such a page is left alone, one in the swap cache too (until 3fe2011ff51e).

import { k } from '../../kernel.ts'
import { EAGAIN } from '../../mm/errno.ts'
import { type AnonVma, NULL, type Page, page } from '../../mm/mm_types.ts'
import { lock_page, PageAnon, page_mapped, unlock_page, wait_on_page_writeback } from '../../mm/page-flags.ts'
import { TTU_IGNORE_MLOCK, TTU_MIGRATION } from '../../mm/rmap_unmap.ts'
import { page_anon_vma } from '../../mm/rmap_walk.ts'
import { READ_ONCE } from '../../ops.ts'
import { rcu_read_lock, rcu_read_unlock } from '../../rcu.ts'
import { patch } from '../patch.ts'
import { __unmap_and_move as before } from './3f6c82728f4e.ts'

export function __unmap_and_move(p: Page, newpage: Page): number {
  let rc = -EAGAIN
  let av: AnonVma = NULL
  lock_page(p)
  wait_on_page_writeback(p)
  const rcu_locked = PageAnon(p)
  if (rcu_locked) {
    rcu_read_lock()
    if (!page_mapped(p)) {
      rcu_read_unlock()
      unlock_page(p)
      return rc
    }
    // It was mapped a moment ago. If that was the last map, the anon_vma may be another's by now.
    av = page_anon_vma(p)
    k.get_anon_vma(av)
  }
  if (READ_ONCE(p + page.mapping) !== NULL) k.try_to_unmap(p, TTU_MIGRATION | TTU_IGNORE_MLOCK)
  if (!page_mapped(p)) rc = k.move_to_new_page(newpage, p)
  if (rc !== 0) k.remove_migration_ptes(p, p)
  if (av !== NULL) k.put_anon_vma(av)
  if (rcu_locked) rcu_read_unlock()
  unlock_page(p)
  return rc
}

export default patch('67b9509b2c68', {
  subject: 'mm: migration: do not try to migrate unmapped anonymous pages',
  release: 'v2.6.35',
  needs: ['3f6c82728f4e', '7f60c214fd3a'],
  changes: { __unmap_and_move: { before, after: __unmap_and_move } },
})
