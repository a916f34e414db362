// e632a938d914 "mm: migrate: add hugepage migration code to move_pages()" (v3.12), with 31caf665e666 "mm: migrate: make
// core migration code aware of hugepage", b8ec1cee5a43 "mm: soft-offline: use migrate_pages() instead of
// migrate_huge_page()" and 83467efbdb79 "mm: migrate: check movability of hugepage in unmap_and_move_huge_page()", that
// it builds on.
//
// Before, vma_migratable says of hugetlb that move_pages has nothing to do there; soft offlining alone moves huge
// pages, and of any size. After, a huge page is isolated from the pool's active list, moves beside base pages and
// counts with them, and only what a PMD maps moves. The mark by which an isolated one is known is bcc54222309c's
// (v4.1).

import { k } from '../../kernel.ts'
import { EAGAIN, EFAULT, ENOMEM, ENOSYS } from '../../mm/errno.ts'
import { page_hstate } from '../../mm/hugetlb_hstate.ts'
import * as hugetlb_migrate from '../../mm/hugetlb_migrate.ts'
import * as soft from '../../mm/memory-failure_soft.ts'
import { NULL, type Page } from '../../mm/mm_types.ts'
import { lock_page, unlock_page } from '../../mm/page-flags.ts'
import { patch } from '../patch.ts'
import { putbackUnmoved } from './48db54ee2fa3.ts'
import * as v2_6_37 from './290408d4a250.ts'

/**
 * The new page is had before anybody asks whether the old one may move at all; then nobody gives it back
 * (32665f2bbfed).
 */
export function unmap_and_move_huge_page(hpage: Page, nid: number): number {
  const h = page_hstate(hpage)
  const new_hpage = k.alloc_huge_page_node(h, nid)
  if (new_hpage === NULL) return -ENOMEM
  if (!k.hugepage_migration_supported(h)) return -ENOSYS
  lock_page(hpage)
  const rc = k.moveLockedHugePage(hpage, new_hpage)
  unlock_page(hpage)
  if (rc !== -EAGAIN) k.putback_active_hugepage(hpage)
  k.putback_active_hugepage(new_hpage)
  return rc
}

export default patch('e632a938d914', {
  subject: 'mm: migrate: add hugepage migration code to move_pages()',
  release: 'v3.12',
  with: ['31caf665e666', 'b8ec1cee5a43', '83467efbdb79'],
  needs: ['290408d4a250', '48db54ee2fa3'],
  changes: {
    isolate_huge_page: { before: undefined, after: hugetlb_migrate.isolate_huge_page },
    putback_active_hugepage: { before: undefined, after: hugetlb_migrate.putback_active_hugepage },
    hugepage_migration_supported: { before: undefined, after: hugetlb_migrate.hugepage_migration_supported },
    unmap_and_move_huge_page: { before: v2_6_37.unmap_and_move_huge_page, after: unmap_and_move_huge_page },
    migrateHugePage: { before: v2_6_37.migrateHugePage, after: hugetlb_migrate.migrateHugePage },
    moveHugetlbPage: { before: () => -EFAULT, after: hugetlb_migrate.moveHugetlbPage },
    soft_offline_huge_page: { before: v2_6_37.soft_offline_huge_page, after: soft.soft_offline_huge_page },
    putbackUnmoved: { before: putbackUnmoved, after: soft.putbackUnmoved },
  },
})
