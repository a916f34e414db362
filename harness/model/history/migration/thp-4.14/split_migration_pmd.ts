// The half of __split_huge_pmd_locked (mm/huge_memory.c, v4.14) that is about the migration entry of a whole huge page:
// it becomes as many entries of base pages.
//
// It does what is right for a page that is mapped: it counts maps and references, which an entry does not hold, and
// asks bits of the entry that there mean something else.

import { HPAGE_PMD_NR } from '../../../mm/init.ts'
import { type Mm, type Page, type Pmd, type Pmdp, type Pte, type Vma, vm_area } from '../../../mm/mm_types.ts'
import {
  _count,
  _mapcount,
  compound_mapcount,
  compound_mapcount_ptr,
  subpage,
  TestClearPageDoubleMap,
  TestSetPageDoubleMap,
} from '../../../mm/page-flags.ts'
import {
  pgtable_pte,
  pgtable_trans_huge_withdraw,
  pmd_page,
  pmd_populate,
  SOFT_DIRTY,
  set_pte,
} from '../../../mm/pgtable.ts'
import { make_migration_entry } from '../../../mm/swapops.ts'
import { mod_zone_page_state, NR_ANON_TRANSPARENT_HUGEPAGES } from '../../../mm/vmstat.ts'
import { atomic_add, atomic_add_negative, atomic_dec, atomic_inc } from '../../../ops.ts'
import { rd } from '../../../store.ts'

declare module '../../../kernel.ts' {
  interface Patched {
    splitMigrationPmd(vma: Vma, pmd: Pmdp, haddr: number): void
  }
}

/** What is found in the entry, and what those that come of it are taken to hold of their pages. */
export interface Split {
  readonly write: boolean
  readonly soft_dirty: boolean
  readonly refs: boolean
  readonly maps: boolean
}

/**
 * pmd_write of an entry on x86 is the bit that says soft-dirty there (eee4818baac0), and pmd_soft_dirty a bit of the
 * type, which both kinds of migration entries have (2e83ee1d8694). Caller holds the PMD lock.
 */
export function splitMigrationPmd(vma: Vma, pmd: Pmdp, haddr: number): void {
  splitEntry(vma, pmd, haddr, { write: (rd(pmd) & SOFT_DIRTY) !== 0, soft_dirty: true, refs: true, maps: true })
}

/** All forms up to v5.18, which differ in this. Caller holds the PMD lock. */
export function splitEntry(vma: Vma, pmd: Pmdp, haddr: number, { write, soft_dirty, refs, maps }: Split): void {
  const page = pmd_page(rd(pmd) as Pmd)
  if (refs) atomic_add(_count(page), HPAGE_PMD_NR - 1)
  const pgtable = pgtable_trans_huge_withdraw(rd(vma + vm_area.vm_mm) as Mm, haddr)
  for (let i = 0; i < HPAGE_PMD_NR; i++) {
    set_pte(pgtable_pte(pgtable, i), softDirty(make_migration_entry(subpage(page, i), write), soft_dirty))
    if (maps) atomic_inc(_mapcount(subpage(page, i)))
  }
  if (maps) mapByPages(page)
  pmd_populate(pmd, pgtable)
}

/** One PMD less maps the page, and its pages instead. */
function mapByPages(page: Page): void {
  if (compound_mapcount(page) > 1 && !TestSetPageDoubleMap(page)) {
    for (let i = 0; i < HPAGE_PMD_NR; i++) atomic_inc(_mapcount(subpage(page, i)))
  }
  if (atomic_add_negative(-1, compound_mapcount_ptr(page))) {
    mod_zone_page_state(NR_ANON_TRANSPARENT_HUGEPAGES, -1)
    if (TestClearPageDoubleMap(page)) {
      for (let i = 0; i < HPAGE_PMD_NR; i++) atomic_dec(_mapcount(subpage(page, i)))
    }
  }
}

/** pte_swp_mksoft_dirty, if it is. */
const softDirty = (entry: Pte, is: boolean): Pte => (is ? entry | SOFT_DIRTY : entry) as Pte
