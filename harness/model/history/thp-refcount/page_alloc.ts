// mm/page_alloc.c as of v4.4: nothing lies over the fields of a tail but the way to its head.

import { debug_vm, HPAGE_PMD_NR } from '../../mm/init.ts'
import { type Page, page } from '../../mm/mm_types.ts'
import * as v4_5 from '../../mm/page_alloc.ts'
import { PG_head, subpage } from '../../mm/page-flags.ts'
import { rd, wr } from '../../store.ts'
import type { Changes } from '../patch.ts'

function prep_compound_page(head: Page): void {
  wr(head + page.flags, PG_head)
  for (let i = 1; i < HPAGE_PMD_NR; i++) wr(subpage(head, i) + page.compound_head, head + 1)
}

function free_tail_pages_check(head: Page, i: number): void {
  if (debug_vm && rd(subpage(head, i) + page.compound_head) !== head + 1) v4_5.bad_page('compound_head not consistent')
}

export const changes: Changes = {
  prep_compound_page: { before: prep_compound_page, after: v4_5.prep_compound_page },
  free_tail_pages_check: { before: free_tail_pages_check, after: v4_5.free_tail_pages_check },
  // free_compound_page
  free_transhuge_page: { before: v4_5.free_pages, after: v4_5.free_transhuge_page },
}
