// ab5ac90aecf5 "mm, hugetlb: do not rely on overcommit limit during migration" (v4.16).
//
// Before, a huge page that moves while the pool has none for it wants a surplus page: without leave to overcommit it
// stays where it is, and with it both nodes have the page until it is freed, for free_huge_page gives up a surplus page
// of the node only that has one. After, it moves to a page that is counted beside the pool as long as the move lasts;
// then the old page is the temporary one, and goes to the page allocator. The surplus of the old node goes along.

import { k } from '../../kernel.ts'
import { EAGAIN, ENOMEM, ENOSYS } from '../../mm/errno.ts'
import { hstate, hstate_is_gigantic, hugetlb_lock, page_hstate } from '../../mm/hugetlb_hstate.ts'
import { alloc_huge_page_node as v4_5_alloc, unmap_and_move_huge_page as v4_5_move } from '../../mm/hugetlb_migrate.ts'
import {
  add,
  addResv,
  clear_page_huge_active,
  leavesUse,
  page_private,
  resv_huge_pages,
  set_page_private,
  unlinkHuge,
  free_huge_page as v4_5_free,
} from '../../mm/hugetlb_pool.ts'
import { type Hstate, NULL, type Page, page, TAIL_MAPPING } from '../../mm/mm_types.ts'
import { page_to_nid } from '../../mm/mmzone.ts'
import { ClearPagePrivate, lock_page, PagePrivate, unlock_page } from '../../mm/page-flags.ts'
import { READ_ONCE, spin_lock, spin_unlock, WRITE_ONCE } from '../../ops.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'

/** On tail 3, as tail 2 has the page's place on a list. */
const temporary = (p: Page): number => p + 3 * page.SIZE + page.mapping
const PageHugeTemporary = (p: Page): boolean => READ_ONCE(temporary(p)) === -1
const SetPageHugeTemporary = (p: Page): void => WRITE_ONCE(temporary(p), -1)
const ClearPageHugeTemporary = (p: Page): void => WRITE_ONCE(temporary(p), TAIL_MAPPING)

/** A huge page of node `nid` beside the pool, with a reference, or NULL. Takes hugetlb_lock. */
function alloc_migrate_huge_page(h: Hstate, nid: number): Page {
  if (hstate_is_gigantic(h)) return NULL
  const p = k.__hugetlb_alloc_buddy_huge_page(h, nid)
  if (p === NULL) return NULL
  spin_lock(hugetlb_lock)
  add(h, hstate.nr_huge_pages, 1)
  add(h, hstate.nr_huge_pages_node + page_to_nid(p), 1)
  spin_unlock(hugetlb_lock)
  SetPageHugeTemporary(p)
  return p
}

function alloc_huge_page_node(h: Hstate, nid: number): Page {
  let p = NULL as Page
  spin_lock(hugetlb_lock)
  if (rd(h + hstate.free_huge_pages) - resv_huge_pages(h) > 0) p = k.dequeue_huge_page_node(h, nid)
  spin_unlock(hugetlb_lock)
  return p === NULL ? alloc_migrate_huge_page(h, nid) : p
}

function free_huge_page(p: Page): void {
  const h = page_hstate(p)
  const spool = page_private(p)
  set_page_private(p, NULL)
  WRITE_ONCE(p + page.mapping, 0)
  k.checkFreed(p)
  let restore_reserve = PagePrivate(p)
  ClearPagePrivate(p)
  if (k.hugepage_subpool_put_pages(spool, 1) === 0) restore_reserve = true
  spin_lock(hugetlb_lock)
  clear_page_huge_active(p)
  if (restore_reserve) addResv(h, 1)
  if (PageHugeTemporary(p)) {
    unlinkHuge(p)
    ClearPageHugeTemporary(p)
    k.update_and_free_page(h, p)
  } else {
    leavesUse(h, p)
  }
  spin_unlock(hugetlb_lock)
}

function unmap_and_move_huge_page(hpage: Page, nid: number): number {
  const h = page_hstate(hpage)
  if (!k.hugepage_migration_supported(h)) {
    k.putback_active_hugepage(hpage)
    return -ENOSYS
  }
  const new_hpage = k.alloc_huge_page_node(h, nid)
  if (new_hpage === NULL) return -ENOMEM
  lock_page(hpage)
  const rc = k.moveLockedHugePage(hpage, new_hpage)
  if (rc === 0) move_hugetlb_state(hpage, new_hpage)
  unlock_page(hpage)
  if (rc !== -EAGAIN) k.putback_active_hugepage(hpage)
  k.putback_active_hugepage(new_hpage)
  return rc
}

/** The new page stays, so the old one is the temporary one. Takes hugetlb_lock. */
function move_hugetlb_state(oldpage: Page, newpage: Page): void {
  if (!PageHugeTemporary(newpage)) return
  const h = page_hstate(oldpage)
  const old_nid = page_to_nid(oldpage)
  SetPageHugeTemporary(oldpage)
  ClearPageHugeTemporary(newpage)
  spin_lock(hugetlb_lock)
  if (rd(h + hstate.surplus_huge_pages_node + old_nid) !== 0) {
    add(h, hstate.surplus_huge_pages_node + old_nid, -1)
    add(h, hstate.surplus_huge_pages_node + page_to_nid(newpage), 1)
  }
  spin_unlock(hugetlb_lock)
}

export default patch('ab5ac90aecf5', {
  subject: 'mm, hugetlb: do not rely on overcommit limit during migration',
  release: 'v4.16',
  changes: {
    alloc_huge_page_node: { before: v4_5_alloc, after: alloc_huge_page_node },
    free_huge_page: { before: v4_5_free, after: free_huge_page },
    unmap_and_move_huge_page: { before: v4_5_move, after: unmap_and_move_huge_page },
  },
})
