// Entries that are neither none nor present (include/linux/swapops.h, v4.5). A swap entry names the slot of the swap
// area that has the page, and counts there. A migration entry stands for a page while it is split or moved; the lock of
// the page tells how long. A hwpoison entry stands for good, where a page was whose memory failed. Neither of these two
// holds a reference or a map.

import { BUG_ON } from '../bug.ts'
import { atomic_add } from '../ops.ts'
import { zone } from './init.ts'
import type { Page, Pmd, Pte, Swp } from './mm_types.ts'
import { PageLocked } from './page-flags.ts'
import {
  ACCESSED,
  is_swap_pte,
  mk_pte,
  PFN_SHIFT,
  pmd_none,
  pmd_present,
  pte_page,
  pte_pfn,
  pte_present,
  RW,
} from './pgtable.ts'

/** The bit that tells a migration entry; in a present entry it is PSE. Write and soft-dirty stay where they are. */
const MIGRATION = 16

/** The bit that tells a hwpoison entry; in place of a PMD it stands beside PSE. */
const HWPOISON = 128

/** An entry of the swap area: in the kernel one that is not a non_swap_entry. */
export const is_swap_entry = (e: Pte): boolean => is_swap_pte(e) && (e & (MIGRATION | HWPOISON)) === 0
export const pte_to_swp_entry = (e: Pte): Swp => pte_pfn(e) as Swp
export const swp_entry_to_pte = (entry: Swp): Pte => (entry << PFN_SHIFT) as Pte

export const make_migration_entry = (p: Page, write: boolean): Pte => mk_pte(p, write ? MIGRATION | RW : MIGRATION)
export const is_migration_entry = (e: Pte): boolean => !pte_present(e) && (e & (MIGRATION | HWPOISON)) === MIGRATION
export const is_write_migration_entry = (e: Pte): boolean => is_migration_entry(e) && (e & RW) !== 0
export const make_migration_entry_read = (e: Pte): Pte => (e & ~RW) as Pte

/**
 * The same in place of a PMD, for a whole huge page: since v4.14, see history/migration/thp-4.14. It has no PSE, lest
 * it be taken for a huge page.
 */
const PMD_MIGRATION = ACCESSED
export const is_swap_pmd = (e: Pmd): boolean => !pmd_none(e) && !pmd_present(e)
export const is_pmd_migration_entry = (e: Pmd): boolean => is_swap_pmd(e) && (e & HWPOISON) === 0
export const pmd_to_swp_entry = (e: Pmd): Pte => ((e & ~PMD_MIGRATION) | MIGRATION) as Pte
export const swp_entry_to_pmd = (entry: Pte): Pmd => ((entry & ~MIGRATION) | PMD_MIGRATION) as Pmd

/** Any use of migration entries may only occur while the page is locked. */
export function migration_entry_to_page(e: Pte): Page {
  const p = pte_page(e)
  BUG_ON(!PageLocked(p), '!PageLocked(compound_head(p))')
  return p
}

export const make_hwpoison_entry = (p: Page): Pte => mk_pte(p, HWPOISON)
export const is_hwpoison_entry = (e: Pte): boolean => !pte_present(e) && (e & HWPOISON) !== 0

/** What HardwareCorrupted shows. */
export const num_poisoned_pages_add = (n: number): void => atomic_add(zone.num_poisoned_pages, n)
