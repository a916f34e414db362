// 470f119f0120 "mm: page migration use migration entry for swapcache too" (v4.4).
//
// Before, a page of the swap cache gets swap entries, whoever unmaps it: one that moves is not mapped any more, and its
// next user takes it from the cache with a minor fault. After, migration puts migration entries in their place, which
// it then has to take back. It changes nothing but this, and so goes on top of every release.

import { BUG_ON } from '../../bug.ts'
import { k } from '../../kernel.ts'
import { add_mm_counter, add_shmem_rss } from '../../mm/memory_file.ts'
import { type Mm, type Page, type Pte, type Vma, vm_area } from '../../mm/mm_types.ts'
import { PageAnon, PageHWPoison, PageSwapCache } from '../../mm/page-flags.ts'
import { pte_write, SOFT_DIRTY } from '../../mm/pgtable.ts'
import { unmappedEntry as after, TTU_IGNORE_HWPOISON, TTU_MIGRATION } from '../../mm/rmap_unmap.ts'
import { make_hwpoison_entry, make_migration_entry } from '../../mm/swapops.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'

function unmappedEntry(p: Page, vma: Vma, entry: Pte, flags: number): Pte | undefined {
  const mm = rd(vma + vm_area.vm_mm) as Mm
  if (PageHWPoison(p) && !(flags & TTU_IGNORE_HWPOISON)) {
    add_mm_counter(mm, p, -1)
    return make_hwpoison_entry(p)
  }
  if (PageSwapCache(p)) return k.swapEntryFor(p, mm, entry, flags)
  if (!(flags & TTU_MIGRATION)) {
    BUG_ON(PageAnon(p), '!(flags & TTU_MIGRATION)')
    add_shmem_rss(mm, -1)
    return 0 as Pte
  }
  return (make_migration_entry(p, pte_write(entry)) | (entry & SOFT_DIRTY)) as Pte
}

export default patch('470f119f0120', {
  subject: 'mm: page migration use migration entry for swapcache too',
  release: 'v4.4',
  changes: { unmappedEntry: { before: unmappedEntry, after } },
})
