// Moving pages (mm/migrate.c, v4.5).

import { spin_lock, spin_unlock } from '../ops.ts'
import { rd } from '../store.ts'
import type { Pmdp, Pte } from './mm_types.ts'
import { get_page_unless_zero, put_page, wait_on_page_locked } from './page-flags.ts'
import { pte_lockptr, pte_offset, read_pmd } from './pgtable.ts'
import { is_migration_entry, migration_entry_to_page } from './swapops.ts'

/**
 * A fault on a page that is being split or moved sleeps until the page is unlocked; then the access is tried again.
 * The kernel holds a reference meanwhile. A tail has none to give: there the kernel faults again and again, which
 * nobody can tell from sleeping without one.
 */
export function migration_entry_wait(addr: number, pmd: Pmdp): void {
  const table = read_pmd(pmd)
  const ptl = pte_lockptr(table)
  spin_lock(ptl)
  const entry = rd(pte_offset(table, addr)) as Pte
  if (!is_migration_entry(entry)) {
    spin_unlock(ptl)
    return
  }
  const page = migration_entry_to_page(entry)
  const held = get_page_unless_zero(page)
  spin_unlock(ptl)
  wait_on_page_locked(page)
  if (held) put_page(page)
}
