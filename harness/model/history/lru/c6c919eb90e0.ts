// c6c919eb90e0 "mm: use put_page() to free page instead of putback_lru_page()" (v4.8).
//
// A page that has moved elsewhere is put, and so free at once. Before, it goes by way of a pagevec, as if it were still
// in use, and waits there for a drain.

import { k } from '../../kernel.ts'
import { EAGAIN, ENOMEM } from '../../mm/errno.ts'
import { unmap_and_move as before, MR_MEMORY_FAILURE } from '../../mm/migrate.ts'
import { NULL, type Page } from '../../mm/mm_types.ts'
import { alloc_page } from '../../mm/page_alloc.ts'
import {
  ClearPageActive,
  ClearPageUnevictable,
  lock_page,
  PageTransHuge,
  page_count,
  put_page,
  TestSetPageHWPoison,
  unlock_page,
} from '../../mm/page-flags.ts'
import { num_poisoned_pages_add } from '../../mm/swapops.ts'
import { mod_zone_page_state, NR_ISOLATED_ANON } from '../../mm/vmstat.ts'
import { patch } from '../patch.ts'

export function unmap_and_move(p: Page, reason = 0): number {
  const newpage = alloc_page()
  if (newpage === NULL) return -ENOMEM
  let rc = 0
  let moved = false
  if (page_count(p) === 1) {
    // It was freed meanwhile: ours is the last reference.
    ClearPageActive(p)
    ClearPageUnevictable(p)
  } else {
    if (PageTransHuge(p)) {
      lock_page(p)
      rc = k.split_huge_page_to_list(p)
      unlock_page(p)
    }
    if (rc === 0) {
      rc = k.__unmap_and_move(p, newpage)
      moved = rc === 0
    }
  }
  if (moved) k.putback_lru_page(newpage)
  else put_page(newpage)
  if (rc === 0) {
    mod_zone_page_state(NR_ISOLATED_ANON, -1)
    put_page(p)
    if (reason === MR_MEMORY_FAILURE && !TestSetPageHWPoison(p)) num_poisoned_pages_add(1)
  } else if (rc !== -EAGAIN) {
    k.putback_movable_page(p)
  }
  return rc
}

export default patch('c6c919eb90e0', {
  subject: 'mm: use put_page() to free page instead of putback_lru_page()',
  release: 'v4.8',
  changes: { unmap_and_move: { before, after: unmap_and_move } },
})
