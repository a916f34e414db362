// The second posting of 6d0a07edd17c (Andrea Arcangeli, 5 May 2016).
//
// It learns all maps together and moves the page only if there is but one. What its review found: the PMD fault
// passes NULL, and the helper stores through it; a page that is not compound leaves the caller's variable unset
// (Dean Luick); it is still the faulting base page that is moved, not the head (Kirill A. Shutemov); and without
// CONFIG_SWAP it does not build (Andrew Morton).

import { k } from '../../kernel.ts'
import { do_huge_pmd_wp_page as do_huge_pmd_wp_page_4_5 } from '../../mm/huge_memory.ts'
import { HPAGE_PMD_NR } from '../../mm/init.ts'
import { do_wp_page as do_wp_page_4_5, isSharedWritable, lockPageUnderPtl, vm_normal_page } from '../../mm/memory.ts'
import { type IntPtr, type Mm, NULL, type Page, type Pmdp, type Pte, type Ptep, type Vma } from '../../mm/mm_types.ts'
import {
  _mapcount,
  compound_head,
  compound_mapcount,
  PageAnon,
  PageDoubleMap,
  PageTransCompound,
  page_cache_get,
  subpage,
  unlock_page,
} from '../../mm/page-flags.ts'
import { load_int, local_int, store_int } from '../../mm/stack.ts'
import {
  reuse_swap_page as reuse_swap_page_4_5,
  reuse_swap_page_noswap as reuse_swap_page_noswap_4_5,
} from '../../mm/swapfile.ts'
import { atomic_read, spin_unlock } from '../../ops.ts'
import { DoesNotBuild, patch } from '../patch.ts'
import { do_huge_pmd_wp_page, reuse_swap_page } from './6d0a07edd17c.ts'

function page_trans_huge_mapcount(page: Page, total_mapcount: IntPtr = NULL): number {
  if (!PageTransCompound(page)) return atomic_read(_mapcount(page)) + 1
  page = compound_head(page)
  let ret = 0
  let total = 0
  for (let i = 0; i < HPAGE_PMD_NR; i++) {
    const mapcount = atomic_read(_mapcount(subpage(page, i))) + 1
    ret = Math.max(ret, mapcount)
    total += mapcount
  }
  if (PageDoubleMap(page)) {
    ret -= 1
    total -= HPAGE_PMD_NR
  }
  const mapcount = compound_mapcount(page)
  store_int(total_mapcount, total + mapcount)
  return ret + mapcount
}

function do_wp_page(mm: Mm, vma: Vma, addr: number, pte: Ptep, pmd: Pmdp, ptl: number, orig: Pte): number {
  const old = vm_normal_page(orig)
  if (old === NULL) {
    spin_unlock(ptl)
    return k.wp_page_copy(mm, vma, addr, pte, pmd, orig, old)
  }
  if (PageAnon(old)) {
    const total_mapcount = local_int(0)
    if (!lockPageUnderPtl(old, pte, ptl, orig)) return 0
    if (k.reuse_swap_page(old, total_mapcount)) {
      if (load_int(total_mapcount) === 1) k.page_move_anon_rmap(old, vma, addr)
      unlock_page(old)
      return k.wp_page_reuse(vma, pte, ptl, orig)
    }
    unlock_page(old)
  } else if (isSharedWritable(vma)) return k.wp_page_shared(vma, pte, ptl, orig, old)
  page_cache_get(old)
  spin_unlock(ptl)
  return k.wp_page_copy(mm, vma, addr, pte, pmd, orig, old)
}

export default patch('thp-mapcount-posted-v2', {
  subject: 'mm: thp: calculate the mapcount correctly for THP pages during WP faults (posted 5 May 2016)',
  release: undefined,
  standsFor: '6d0a07edd17c',
  changes: {
    page_trans_huge_mapcount: { before: undefined, after: page_trans_huge_mapcount },
    reuse_swap_page: { before: reuse_swap_page_4_5, after: reuse_swap_page },
    reuse_swap_page_noswap: {
      before: reuse_swap_page_noswap_4_5,
      after: new DoesNotBuild(
        'include/linux/swap.h: an inline reuse_swap_page calls page_trans_huge_mapcount, which mm.h declares later',
      ),
    },
    do_wp_page: { before: do_wp_page_4_5, after: do_wp_page },
    do_huge_pmd_wp_page: { before: do_huge_pmd_wp_page_4_5, after: do_huge_pmd_wp_page },
  },
})
