// 36af67370e33 "mm: hwpoison_user_mappings() try_to_unmap() with TTU_SYNC" (v5.14).
//
// Each entry is looked at under its lock. Before, one that somebody is just taking away is taken for none, while the
// page still counts its map: memory_failure finds it mapped, kills whoever had asked to be told early, and gives up.

import { k } from '../../kernel.ts'
import { MF_ACTION_REQUIRED } from '../../mm/memory-failure.ts'
import type { Mm, Page } from '../../mm/mm_types.ts'
import { PageHuge, PageLRU, PageMlocked, PageReserved, page_mapped } from '../../mm/page-flags.ts'
import { TTU_IGNORE_MLOCK, TTU_SYNC, TTU_UNMAP } from '../../mm/rmap_unmap.ts'
import { patch } from '../patch.ts'
import { hwpoison_user_mappings as before } from './286c469a988f.ts'

function hwpoison_user_mappings(p: Page, hpage: Page, flags: number, current: Mm): boolean {
  const mlocked = PageMlocked(hpage)
  if (PageReserved(p) || !(PageLRU(hpage) || PageHuge(p)) || !page_mapped(hpage)) return true
  const tokill = k.collect_procs(hpage, (flags & MF_ACTION_REQUIRED) !== 0)
  k.unmapPoisoned(hpage, TTU_UNMAP | TTU_IGNORE_MLOCK | TTU_SYNC)
  const unmapped = !page_mapped(hpage)
  if (mlocked && !PageHuge(p)) k.shake_page(hpage)
  k.kill_procs(tokill, hpage, !unmapped, flags, current)
  return unmapped
}

export default patch('36af67370e33', {
  subject: 'mm: hwpoison_user_mappings() try_to_unmap() with TTU_SYNC',
  release: 'v5.14',
  needs: ['286c469a988f'],
  changes: { hwpoison_user_mappings: { before, after: hwpoison_user_mappings } },
})
