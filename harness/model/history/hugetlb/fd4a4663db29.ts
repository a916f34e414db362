// fd4a4663db29 "mm: fix hugepage migration" (v2.6.38): what 1ce82b69e96c did for base pages. Before, the reference of
// the anon_vma is taken between a look at the maps and the last of them going, and RCU alone keeps the memory. Page
// after page is copied in that section, where nobody may sleep, though copy_huge_page would.

import { k } from '../../kernel.ts'
import { EAGAIN } from '../../mm/errno.ts'
import { moveLockedHugePage as after, moveHugePage } from '../../mm/hugetlb_migrate.ts'
import { type AnonVma, NULL, type Page } from '../../mm/mm_types.ts'
import { PageAnon, page_mapped, trylock_page, unlock_page } from '../../mm/page-flags.ts'
import { page_anon_vma } from '../../mm/rmap_walk.ts'
import { rcu_read_lock, rcu_read_unlock } from '../../rcu.ts'
import { patch } from '../patch.ts'

export function moveLockedHugePage(hpage: Page, new_hpage: Page): number {
  let rc = -EAGAIN
  let av: AnonVma = NULL
  const anon = PageAnon(hpage)
  if (anon) rcu_read_lock()
  if (anon && page_mapped(hpage)) {
    av = page_anon_vma(hpage)
    k.get_anon_vma(av)
  }
  k.unmapHugePage(hpage)
  // Nobody else knows the new page.
  trylock_page(new_hpage)
  if (!page_mapped(hpage)) rc = moveHugePage(new_hpage, hpage)
  k.remapHugePage(hpage, rc === 0 ? new_hpage : hpage)
  unlock_page(new_hpage)
  if (av !== NULL) k.put_anon_vma(av)
  if (anon) rcu_read_unlock()
  return rc
}

export default patch('fd4a4663db29', {
  subject: 'mm: fix hugepage migration',
  release: 'v2.6.38',
  needs: ['290408d4a250'],
  changes: { moveLockedHugePage: { before: moveLockedHugePage, after } },
})
