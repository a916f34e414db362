// fec89c109f3a "thp: rewrite freeze_page()/unfreeze_page() with generic rmap walkers" (v4.6), as far as it shows: the
// pages of a split huge page are mapped again by remove_migration_pte, which mlocks a page that is put back into a
// locked vma, unless it is still part of a huge page. Before, PG_mlocked is lost in the freeze for good.

import { k } from '../../kernel.ts'
import { unfreeze_page_vma as before, forEachPte } from '../../mm/huge_memory_page.ts'
import { HPAGE_PMD_NR } from '../../mm/init.ts'
import { maybe_mkwrite, mkdirty, mkold, vm_page_prot } from '../../mm/memory.ts'
import { type Mm, NULL, type Page, type Pte, VM_LOCKED, type Vma, vm_area } from '../../mm/mm_types.ts'
import { get_page, PageDirty, PageTransCompound, subpage } from '../../mm/page-flags.ts'
import { mk_pte, set_pte } from '../../mm/pgtable.ts'
import { mm_find_pmd } from '../../mm/rmap_walk.ts'
import { is_migration_entry, is_write_migration_entry, migration_entry_to_page } from '../../mm/swapops.ts'
import { test_bit } from '../../ops.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'

/** As unfreeze_page_vma of v4.5, which does not look at VM_LOCKED. */
export function unfreeze_page_vma(vma: Vma, head: Page, head_addr: number): void {
  const mm = rd(vma + vm_area.vm_mm) as Mm
  const addr = Math.max(head_addr, rd(vma + vm_area.vm_start))
  const pmd = mm_find_pmd(mm, addr)
  if (pmd === NULL) return
  forEachPte(mm, pmd, addr, head_addr + HPAGE_PMD_NR - addr, (pte, a) => {
    const swp = rd(pte) as Pte
    const p = subpage(head, a - head_addr)
    if (!is_migration_entry(swp) || migration_entry_to_page(swp) !== p) return
    get_page(p)
    let entry = mkold(mk_pte(p, vm_page_prot(vma)))
    if (PageDirty(p)) entry = mkdirty(entry)
    if (is_write_migration_entry(swp)) entry = maybe_mkwrite(entry, vma)
    set_pte(pte, entry)
    k.page_add_anon_rmap(p, vma, a, false)
    if (test_bit(vma + vm_area.vm_flags, VM_LOCKED) && !PageTransCompound(p)) k.mlock_vma_page(p)
  })
}

export default patch('fec89c109f3a', {
  subject: 'thp: rewrite freeze_page()/unfreeze_page() with generic rmap walkers',
  release: 'v4.6',
  changes: { unfreeze_page_vma: { before, after: unfreeze_page_vma } },
})
