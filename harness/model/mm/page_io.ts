// Reading and writing slots of the swap area (mm/page_io.c, v4.5), and the device behind it: it reads at once, and
// writes at once or, if it is told to, when it is told.

import { BUG_ON } from '../bug.ts'
import { k } from '../kernel.ts'
import { READ_ONCE, WRITE_ONCE } from '../ops.ts'
import type { Page, Swp } from './mm_types.ts'
import {
  ClearPageReclaim,
  PageReclaim,
  PageWriteback,
  page_content,
  page_swap_entry,
  SetPageDirty,
  SetPageUptodate,
  set_page_content,
  TestClearPageWriteback,
  TestSetPageWriteback,
  unlock_page,
} from './page-flags.ts'
import { swap_info } from './swapfile_map.ts'
import { count_vm_event, PSWPIN, PSWPOUT } from './vmstat.ts'

const slotContent = (entry: Swp): number => swap_info.contents + entry

/** Fills a page that has just joined the cache. Caller holds the page lock, which goes when it is read: at once. */
export function swap_readpage(p: Page): void {
  count_vm_event(PSWPIN)
  set_page_content(p, READ_ONCE(slotContent(page_swap_entry(p))))
  SetPageUptodate(p)
  unlock_page(p)
}

/**
 * Writes a page to its slot, unless no entry names that any more. Caller holds the page lock, which goes. Unless
 * `inFlight` all is done on return, as with a RAM disk (bdev_write_page).
 */
export function swap_writepage(p: Page, inFlight: boolean): void {
  if (k.try_to_free_swap(p)) {
    unlock_page(p)
    return
  }
  const again = TestSetPageWriteback(p)
  BUG_ON(again, 'TestSetPageWriteback(page)')
  count_vm_event(PSWPOUT)
  if (!inFlight) k.end_swap_write(p, true)
  unlock_page(p)
}

/** end_swap_bio_write: the device has written the page, or it could not, and the page is as dirty as before. */
export function end_swap_write(p: Page, uptodate: boolean): void {
  if (uptodate) {
    WRITE_ONCE(slotContent(page_swap_entry(p)), page_content(p))
  } else {
    SetPageDirty(p)
    ClearPageReclaim(p)
  }
  k.end_page_writeback(p)
}

/**
 * mm/filemap.c: wakes who waits. A page that reclaim waits for goes to where it looks first (rotate_reclaimable_page):
 * nobody asks for the order of a list, and that a pagevec has a reference meanwhile is not modelled.
 */
export function end_page_writeback(p: Page): void {
  if (PageReclaim(p)) ClearPageReclaim(p)
  BUG_ON(!TestClearPageWriteback(p), '!test_clear_page_writeback(page)')
}

/** The device tells of a write that was in flight; false: there is none. */
export function finishWriteback(p: Page, uptodate: boolean): boolean {
  if (!PageWriteback(p)) return false
  k.end_swap_write(p, uptodate)
  return true
}
