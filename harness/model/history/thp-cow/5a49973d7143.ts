// 5a49973d7143 "mm: thp: refix false positive BUG in page_move_anon_rmap()" (v4.7).
//
// The index is no longer checked, so that the address is not needed; the head is found inside.

import { k } from '../../kernel.ts'
import { isSharedWritable, lockPageUnderPtl, vm_normal_page } from '../../mm/memory.ts'
import {
  type AnonVma,
  type Mm,
  NULL,
  PAGE_MAPPING_ANON,
  type Page,
  type Pmdp,
  type Pte,
  type Ptep,
  page as struct_page,
  type Vma,
  vm_area,
} from '../../mm/mm_types.ts'
import {
  compound_head,
  PageAnon,
  PageLocked,
  page_cache_get,
  unlock_page,
  VM_BUG_ON_PAGE,
  VM_BUG_ON_VMA,
} from '../../mm/page-flags.ts'
import { load_int, local_int } from '../../mm/stack.ts'
import { spin_unlock, WRITE_ONCE } from '../../ops.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'
import { do_wp_page as do_wp_page_6d0a } from './6d0a07edd17c.ts'
import { page_move_anon_rmap as page_move_anon_rmap_0798 } from './0798d3c022dc.ts'

declare module '../../kernel.ts' {
  interface Patched {
    page_move_anon_rmap(page: Page, vma: Vma, addr?: number): void
  }
}

export function page_move_anon_rmap(page: Page, vma: Vma): void {
  const av = rd(vma + vm_area.anon_vma) as AnonVma
  page = compound_head(page)
  VM_BUG_ON_PAGE(!PageLocked(page), page, '!PageLocked(page)')
  VM_BUG_ON_VMA(av === NULL, vma, '!anon_vma')
  WRITE_ONCE(page + struct_page.mapping, av + PAGE_MAPPING_ANON)
}

export function do_wp_page(mm: Mm, vma: Vma, addr: number, pte: Ptep, pmd: Pmdp, ptl: number, orig: Pte): number {
  const old = vm_normal_page(orig)
  if (old === NULL) {
    spin_unlock(ptl)
    return k.wp_page_copy(mm, vma, addr, pte, pmd, orig, old)
  }
  if (PageAnon(old)) {
    const total_mapcount = local_int(0)
    if (!lockPageUnderPtl(old, pte, ptl, orig)) return 0
    if (k.reuse_swap_page(old, total_mapcount)) {
      if (load_int(total_mapcount) === 1) k.page_move_anon_rmap(old, vma)
      unlock_page(old)
      return k.wp_page_reuse(vma, pte, ptl, orig)
    }
    unlock_page(old)
  } else if (isSharedWritable(vma)) return k.wp_page_shared(vma, pte, ptl, orig, old)
  page_cache_get(old)
  spin_unlock(ptl)
  return k.wp_page_copy(mm, vma, addr, pte, pmd, orig, old)
}

export default patch('5a49973d7143', {
  subject: 'mm: thp: refix false positive BUG in page_move_anon_rmap()',
  release: 'v4.7',
  needs: ['0798d3c022dc'],
  changes: {
    page_move_anon_rmap: { before: page_move_anon_rmap_0798, after: page_move_anon_rmap },
    do_wp_page: { before: do_wp_page_6d0a, after: do_wp_page },
  },
})
