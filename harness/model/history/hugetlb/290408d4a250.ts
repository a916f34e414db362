// 290408d4a250 "hugetlb: hugepage migration core" (v2.6.37), with d950b95882f3 "HWPOISON, hugetlb: soft offlining for
// hugepage", its one user until v3.12. 48db54ee2fa3 "mm/migration: fix page corruption during hugepage migration"
// (v2.6.38) is a patch of its own.
//
// Before, a huge page that is to be taken out of use in time is one that is not on the LRU, or one that is neither free
// nor in use: nobody moves it. After, it moves as base pages do, by migration entries in place of what maps it, and
// leaves the pool. There is no list of those in use: a reference is all that whoever moves a page has.

import { k } from '../../kernel.ts'
import { EAGAIN, EBUSY, EIO, ENOMEM } from '../../mm/errno.ts'
import { hugetlb_lock, page_hstate } from '../../mm/hugetlb_hstate.ts'
import { moveToActive, set_page_huge_active } from '../../mm/hugetlb_pool.ts'
import { is_free_buddy_page, MF_COUNT_INCREASED } from '../../mm/memory-failure.ts'
import { __get_any_page, lostAlready } from '../../mm/memory-failure_soft.ts'
import { NULL, type Page } from '../../mm/mm_types.ts'
import { page_to_nid } from '../../mm/mmzone.ts'
import { compound_head, lock_page, PageHuge, put_page, unlock_page } from '../../mm/page-flags.ts'
import { spin_lock, spin_unlock } from '../../ops.ts'
import { patch } from '../patch.ts'

const before = {
  /** A free huge page lies on no free list that is known here. */
  __get_any_page(p: Page, flags: number): number {
    if (flags & MF_COUNT_INCREASED || k.get_hwpoison_page(p)) return 1
    return !PageHuge(p) && is_free_buddy_page(p) ? 0 : -EIO
  },

  /** "unknown non LRU page type" */
  soft_offline_huge_page(p: Page): number {
    k.put_hwpoison_page(compound_head(p))
    return -EIO
  },
}

/** The reference of the caller goes with the old page once nobody tries any more. */
export function unmap_and_move_huge_page(hpage: Page, nid: number): number {
  const new_hpage = k.alloc_huge_page_node(page_hstate(hpage), nid)
  if (new_hpage === NULL) return -ENOMEM
  inUse(new_hpage)
  lock_page(hpage)
  const rc = k.moveLockedHugePage(hpage, new_hpage)
  unlock_page(hpage)
  if (rc !== -EAGAIN) put_page(hpage)
  put_page(new_hpage)
  return rc
}

/** Of which later releases have a list, and a mark. */
function inUse(p: Page): void {
  spin_lock(hugetlb_lock)
  set_page_huge_active(p)
  moveToActive(page_hstate(p), p)
  spin_unlock(hugetlb_lock)
}

/** No event is counted: that came to migrate_pages with v3.8, and huge pages with v3.12. */
export const migrateHugePage = (hpage: Page, nid: number): number => k.unmap_and_move_huge_page(hpage, nid)

/** Who has the reference of get_any_page has the page. */
export function soft_offline_huge_page(p: Page): number {
  const hpage = compound_head(p)
  if (lostAlready(hpage)) return -EBUSY
  const rc = k.migrateHugePage(hpage, page_to_nid(hpage))
  if (rc === 0) return k.markMovedHugePage(p, hpage)
  k.putbackUnmoved(hpage, rc)
  return rc === -ENOMEM ? rc : -EIO
}

/** Once by migrate_huge_pages, and once more, as if it came from the LRU. */
export function putbackUnmoved(hpage: Page, _rc: number): void {
  put_page(hpage)
  put_page(hpage)
}

export default patch('290408d4a250', {
  subject: 'hugetlb: hugepage migration core',
  release: 'v2.6.37',
  with: ['d950b95882f3'],
  needs: ['7f60c214fd3a', '0fe6e20b9c4c', '7af446a841a2'],
  changes: {
    __get_any_page: { before: before.__get_any_page, after: __get_any_page },
    soft_offline_huge_page: { before: before.soft_offline_huge_page, after: soft_offline_huge_page },
    unmap_and_move_huge_page: { before: undefined, after: unmap_and_move_huge_page },
    migrateHugePage: { before: undefined, after: migrateHugePage },
    putbackUnmoved: { before: undefined, after: putbackUnmoved },
  },
})
