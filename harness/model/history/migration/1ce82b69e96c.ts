// 1ce82b69e96c "mm: fix migration hangs on anon_vma lock" (v2.6.38): the reference is taken under the lock of the
// anon_vma, and only if the page is mapped then. Before, the last map could go between the test and the reference,
// which then was of an anon_vma freed, or another's. No RCU section any more: whoever moves the page may sleep.

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
import { READ_ONCE } from '../../ops.ts'
import { patch } from '../patch.ts'
import { __unmap_and_move as before } from './3fe2011ff51e.ts'

export function __unmap_and_move(p: Page, newpage: Page): number {
  let rc = -EAGAIN
  let av: AnonVma = NULL
  let remap_swapcache = true
  lock_page(p)
  wait_on_page_writeback(p)
  if (PageAnon(p)) {
    av = k.page_lock_anon_vma_read(p)
    if (av !== NULL) {
      k.get_anon_vma(av)
      k.page_unlock_anon_vma_read(av)
    } else if (PageSwapCache(p)) {
      remap_swapcache = false
    } else {
      unlock_page(p)
      return rc
    }
  }
  if (READ_ONCE(p + page.mapping) !== NULL) k.try_to_unmap(p, TTU_MIGRATION | TTU_IGNORE_MLOCK)
  if (!page_mapped(p)) rc = k.move_to_new_page(newpage, p, remap_swapcache)
  if (rc !== 0 && remap_swapcache) k.remove_migration_ptes(p, p)
  if (av !== NULL) k.put_anon_vma(av)
  unlock_page(p)
  return rc
}

export default patch('1ce82b69e96c', {
  subject: 'mm: fix migration hangs on anon_vma lock',
  release: 'v2.6.38',
  needs: ['012f18004da3'],
  changes: { __unmap_and_move: { before, after: __unmap_and_move } },
})
