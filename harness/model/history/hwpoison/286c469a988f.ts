// 286c469a988f "mm: hwpoison: call shake_page() after try_to_unmap() for mlocked page" (v4.12), and 4.9's stable tree.
//
// A locked page that loses its last map is put back, and waits in a pagevec. Before, memory_failure meets the pagevec's
// reference and says that somebody still holds the page.

import { k } from '../../kernel.ts'
import { hwpoison_user_mappings as before, MF_ACTION_REQUIRED } from '../../mm/memory-failure.ts'
import type { Mm, Page } from '../../mm/mm_types.ts'
import { PageHuge, PageLRU, PageMlocked, PageReserved, page_mapped } from '../../mm/page-flags.ts'
import { TTU_IGNORE_MLOCK, TTU_UNMAP } from '../../mm/rmap_unmap.ts'
import { patch } from '../patch.ts'

export function hwpoison_user_mappings(p: Page, hpage: Page, flags: number, current: Mm): boolean {
  const mlocked = PageMlocked(hpage)
  if (PageReserved(p) || !(PageLRU(hpage) || PageHuge(p)) || !page_mapped(hpage)) return true
  const tokill = k.collect_procs(hpage, (flags & MF_ACTION_REQUIRED) !== 0)
  k.unmapPoisoned(hpage, TTU_UNMAP | TTU_IGNORE_MLOCK)
  const unmapped = !page_mapped(hpage)
  if (mlocked && !PageHuge(p)) k.shake_page(hpage)
  k.kill_procs(tokill, hpage, !unmapped, flags, current)
  return unmapped
}

export default patch('286c469a988f', {
  subject: 'mm: hwpoison: call shake_page() after try_to_unmap() for mlocked page',
  release: 'v4.12',
  changes: { hwpoison_user_mappings: { before, after: hwpoison_user_mappings } },
})
