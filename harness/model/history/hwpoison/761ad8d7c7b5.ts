// 761ad8d7c7b5 "mm: hwpoison: introduce memory_failure_hugetlb()" (v4.13), with what of its series is about memory that
// has failed: b37ff71cc626 "mm: hwpoison: change PageHWPoison behavior on hugetlb pages" and 78bb920344b8 "mm:
// hwpoison: dissolve in-use hugepage in unrecoverable memory error".
//
// Before, all of a huge page is marked, counted, and kept for ever. After, only its head is marked, one page is
// counted, and what is well of it goes back to the page allocator: of a free one, and of one that is nobody's file's
// once nobody maps it. But of a free one a tail that has failed is taken for a second failure of the huge page (until
// 405ce051236c).

import { host } from '../../fs/inode.ts'
import { k } from '../../kernel.ts'
import { EBUSY } from '../../mm/errno.ts'
import { MF_COUNT_INCREASED, memory_failure as v4_5 } from '../../mm/memory-failure.ts'
import { unpoison_memory as v4_5_unpoison_memory } from '../../mm/memory-failure_soft.ts'
import { MF_DELAYED, MF_RECOVERED, me_huge_page as v4_5_me_huge_page } from '../../mm/memory-failure_states.ts'
import { type AddressSpace, type Mm, NULL, type Page, page } from '../../mm/mm_types.ts'
import {
  compound_head,
  lock_page,
  PageAnon,
  PageHuge,
  PageHWPoison,
  PageTransHuge,
  page_count,
  page_mapped,
  put_page,
  TestClearPageHWPoison,
  TestSetPageHWPoison,
  unlock_page,
} from '../../mm/page-flags.ts'
import { pfn_to_page } from '../../mm/pgtable.ts'
import { num_poisoned_pages_add } from '../../mm/swapops.ts'
import { page_mapping } from '../../mm/util.ts'
import { READ_ONCE } from '../../ops.ts'
import { rd } from '../../store.ts'
import { patch } from '../patch.ts'

declare module '../../kernel.ts' {
  interface Patched {
    memory_failure_hugetlb(p: Page, flags: number, current: Mm): number
    hugetlbfs_error_remove_page(mapping: AddressSpace, p: Page): void
  }
}

function memory_failure(p: Page, flags: number, current: Mm = NULL): number {
  return PageHuge(p) ? k.memory_failure_hugetlb(p, flags, current) : v4_5(p, flags, current)
}

/** memory_failure of a page of hugetlb. */
function memory_failure_hugetlb(p: Page, flags: number, current: Mm): number {
  const head = compound_head(p)
  if (TestSetPageHWPoison(head)) return 0
  num_poisoned_pages_add(1)
  if (!(flags & MF_COUNT_INCREASED) && !k.get_hwpoison_page(p)) {
    lock_page(head)
    // Meant for another page that has failed just now; but by a tail the head has been marked above.
    const raced = PageHWPoison(head) && p !== head && TestSetPageHWPoison(head)
    if (raced) num_poisoned_pages_add(-1)
    unlock_page(head)
    if (!raced) k.dissolve_free_huge_page(p)
    return 0
  }
  lock_page(head)
  const page_flags = READ_ONCE(head + page.flags)
  if (!PageHWPoison(head)) {
    num_poisoned_pages_add(-1)
    unlock_page(head)
    k.put_hwpoison_page(head)
    return 0
  }
  const unmapped = k.hwpoison_user_mappings(p, head, flags, current)
  const ret = unmapped ? k.identify_page_state(p, page_flags) : -EBUSY
  unlock_page(head)
  return ret
}

/**
 * From a file it goes, as if a hole were punched, and is kept. Caller holds the page lock, which is dropped while it is
 * dissolved.
 */
function me_huge_page(p: Page): number {
  const hpage = compound_head(p)
  if (!PageHuge(hpage)) return MF_DELAYED
  const mapping = page_mapping(hpage)
  if (mapping !== NULL) {
    k.hugetlbfs_error_remove_page(mapping, hpage)
    return MF_RECOVERED
  }
  unlock_page(hpage)
  if (PageAnon(hpage)) put_page(hpage)
  k.dissolve_free_huge_page(p)
  lock_page(hpage)
  return MF_RECOVERED
}

/** fs/hugetlbfs/inode.c. Caller holds the page lock. */
function hugetlbfs_error_remove_page(mapping: AddressSpace, p: Page): void {
  const index = rd(p + page.index)
  k.remove_huge_page(p)
  k.hugetlb_unreserve_pages(host(mapping), index, index + 1, 1)
}

function unpoison_memory(p: Page): void {
  const head = compound_head(p)
  if (!PageHWPoison(p)) return
  if (page_count(head) > 1 || page_mapped(head) || page_mapping(head) !== NULL) return
  if (!PageHuge(head) && PageTransHuge(head)) return
  if (!k.get_hwpoison_page(p)) {
    if (TestClearPageHWPoison(p)) num_poisoned_pages_add(-1)
    return
  }
  lock_page(head)
  const freeit = TestClearPageHWPoison(head)
  if (freeit) num_poisoned_pages_add(-1)
  unlock_page(head)
  k.put_hwpoison_page(head)
  if (freeit && !(p === pfn_to_page(0) && page_count(p) === 1)) k.put_hwpoison_page(head)
}

export default patch('761ad8d7c7b5', {
  subject: 'mm: hwpoison: introduce memory_failure_hugetlb()',
  release: 'v4.13',
  needs: ['7258ae5c5a2c', 'c3114a84f7f9'],
  changes: {
    memory_failure: { before: v4_5, after: memory_failure },
    memory_failure_hugetlb: { before: undefined, after: memory_failure_hugetlb },
    hugetlbfs_error_remove_page: { before: undefined, after: hugetlbfs_error_remove_page },
    me_huge_page: { before: v4_5_me_huge_page, after: me_huge_page },
    unpoison_memory: { before: v4_5_unpoison_memory, after: unpoison_memory },
  },
})
