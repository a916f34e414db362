// move_to_new_page of releases to v4.3 (mm/migrate.c): the versions of April 2010 differ in what they do behind the
// move.

import { BUG_ON } from '../../bug.ts'
import { k } from '../../kernel.ts'
import { NULL, type Page, page } from '../../mm/mm_types.ts'
import { PageSwapBacked, SetPageSwapBacked, trylock_page, unlock_page } from '../../mm/page-flags.ts'
import { WRITE_ONCE } from '../../ops.ts'
import { rd, wr } from '../../store.ts'

/**
 * Caller holds the lock of the old page, which nobody maps; the new one nobody else knows. Returns what `behind` is
 * told.
 */
export function moveThen(newpage: Page, p: Page, behind: (rc: number) => void): number {
  BUG_ON(!trylock_page(newpage), 'the new page is locked')
  wr(newpage + page.index, rd(p + page.index))
  WRITE_ONCE(newpage + page.mapping, rd(p + page.mapping))
  if (PageSwapBacked(p)) SetPageSwapBacked(newpage)
  const rc = k.migrate_page_move_mapping(newpage, p)
  if (rc === 0) k.migrate_page_copy(newpage, p)
  behind(rc)
  unlock_page(newpage)
  return rc
}

/** It has not moved: nobody shall think that the new page is its anon_vma's. */
export const forgetMapping = (newpage: Page): void => WRITE_ONCE(newpage + page.mapping, NULL)
