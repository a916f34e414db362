// mm/memory-failure.c as of v4.4, before 4e41a30c6d50 "mm: hwpoison: adjust for new thp refcounting". The references of
// a tail are its own, so that they come along in a split, which nothing stops. Whoever takes one by the frame number
// takes one of the head, too, and that one stays behind.
//
// Not as v3.8 has it, which splits later, and counts a huge page as lost whole (until v3.10).

import { k } from '../../kernel.ts'
import { EBUSY } from '../../mm/errno.ts'
import { debug_vm } from '../../mm/init.ts'
import * as v4_5 from '../../mm/memory-failure.ts'
import * as soft from '../../mm/memory-failure_soft.ts'
import type { Page } from '../../mm/mm_types.ts'
import {
  compound_head,
  get_page,
  get_page_unless_zero,
  PageAnon,
  PageHuge,
  PageHWPoison,
  PageTail,
  PageTransHuge,
  page_count,
  put_page,
  TestClearPageHWPoison,
  VM_BUG_ON_PAGE,
} from '../../mm/page-flags.ts'
import { num_poisoned_pages_add } from '../../mm/swapops.ts'
import type { Changes } from '../patch.ts'

function get_hwpoison_page(p: Page): boolean {
  const head = compound_head(p)
  if (PageHuge(head)) return get_page_unless_zero(head)
  if (!PageTransHuge(head)) return get_page_unless_zero(p)
  if (!PageAnon(head) || !get_page_unless_zero(head)) return false
  if (PageTail(p)) get_page(p)
  return true
}

function put_hwpoison_page(p: Page): void {
  const head = compound_head(p)
  if (PageTransHuge(head) && !PageHuge(head) && p !== head) put_page(head)
  put_page(p)
}

function splitPoisonedThp(p: Page, hpage: Page): number {
  if (!PageAnon(hpage) || k.split_huge_page_to_list(hpage) !== 0) {
    if (TestClearPageHWPoison(p)) num_poisoned_pages_add(-1)
    k.put_hwpoison_page(p)
    return -EBUSY
  }
  if (debug_vm) VM_BUG_ON_PAGE(page_count(p) === 0, p, '!page_count(p)')
  return 0
}

/** The split comes first, whoever has a reference. */
function soft_offline_page(p: Page, flags: number): number {
  const hpage = compound_head(p)
  const held = (flags & v4_5.MF_COUNT_INCREASED) !== 0
  if (PageHWPoison(p)) {
    if (held) k.put_hwpoison_page(p)
    return -EBUSY
  }
  if (!PageHuge(p) && PageTransHuge(hpage) && PageAnon(hpage) && k.split_huge_page_to_list(hpage) !== 0) {
    if (held) k.put_hwpoison_page(p)
    return -EBUSY
  }
  const ret = k.get_any_page(p, flags)
  if (ret > 0) return k.soft_offline_in_use_page(p)
  if (ret === 0) k.soft_offline_free_page(p)
  return ret
}

const soft_offline_in_use_page = (p: Page): number =>
  PageHuge(p) ? k.soft_offline_huge_page(p) : k.__soft_offline_page(p)

export const changes: Changes = {
  get_hwpoison_page: { before: get_hwpoison_page, after: v4_5.get_hwpoison_page },
  put_hwpoison_page: { before: put_hwpoison_page, after: v4_5.put_hwpoison_page },
  splitPoisonedThp: { before: splitPoisonedThp, after: v4_5.splitPoisonedThp },
  soft_offline_page: { before: soft_offline_page, after: soft.soft_offline_page },
  soft_offline_in_use_page: { before: soft_offline_in_use_page, after: soft.soft_offline_in_use_page },
}
