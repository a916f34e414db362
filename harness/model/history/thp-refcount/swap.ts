// mm/swap.c as of v4.4: dropping references of heads and tails.

import { k } from '../../kernel.ts'
import * as mm from '../../mm/mm.ts'
import type { Page } from '../../mm/mm_types.ts'
import {
  _count,
  _mapcount,
  compound_head,
  PageCompound,
  PageHuge,
  PageTail,
  page_mapcount,
  put_page_testzero,
  VM_BUG_ON_PAGE,
} from '../../mm/page-flags.ts'
import { release_pages as release_pages_4_5 } from '../../mm/swap.ts'
import { atomic_dec, atomic_inc_not_zero, atomic_read } from '../../ops.ts'
import type { Changes } from '../patch.ts'
import { compound_lock, compound_unlock } from './mm.ts'

declare module '../../kernel.ts' {
  interface Patched {
    put_compound_page(page: Page): void
    put_refcounted_compound_page(head: Page, page: Page): void
  }
}

function put_page(p: Page): void {
  if (PageCompound(p)) k.put_compound_page(p)
  else if (put_page_testzero(p)) k.__put_page(p)
}

function put_compound_page(p: Page): void {
  // put_unrefcounted_compound_page
  if (PageHuge(p)) p = compound_head(p)
  if (PageTail(p)) k.put_refcounted_compound_page(compound_head(p), p)
  else if (put_page_testzero(p)) k.__put_page(p)
}

/** `p` was a tail of `head` a moment ago; a split may make it a page of its own until compound_lock is ours. */
function put_refcounted_compound_page(head: Page, p: Page): void {
  if (p === head || !atomic_inc_not_zero(_count(head))) {
    // The head has been freed: it was split before.
    VM_BUG_ON_PAGE(PageTail(p), p, 'PageTail(page)')
    if (put_page_testzero(p)) k.__put_page(p)
    return
  }
  compound_lock(head)
  if (!PageTail(p)) {
    compound_unlock(head)
    if (put_page_testzero(head)) k.__put_page(head)
    if (put_page_testzero(p)) k.__put_page(p)
    return
  }
  VM_BUG_ON_PAGE(head !== compound_head(p), p, 'page_head != compound_head(page)')
  // The reference that kept the head until the split was shut out.
  const last = put_page_testzero(head)
  VM_BUG_ON_PAGE(last, head, 'put_page_testzero(page_head)')
  VM_BUG_ON_PAGE(page_mapcount(p) <= 0, p, 'page_mapcount(page) <= 0')
  atomic_dec(_mapcount(p))
  VM_BUG_ON_PAGE(atomic_read(_count(head)) <= 0, head, 'atomic_read(&page_head->_count) <= 0')
  VM_BUG_ON_PAGE(atomic_read(_count(p)) !== 0, p, 'atomic_read(&page->_count) != 0')
  compound_unlock(head)
  if (put_page_testzero(head)) k.__put_page(head)
}

/** As v4.5's, but a huge page is put at once, by itself. */
function release_pages(pages: readonly Page[]): void {
  let pages_to_free: Page[] | undefined
  for (const p of pages) {
    if (PageCompound(p)) k.put_compound_page(p)
    else if (put_page_testzero(p)) {
      if (pages_to_free === undefined) pages_to_free = [p]
      else pages_to_free.push(p)
    }
  }
  while (pages_to_free !== undefined && pages_to_free.length > 0) k.__put_page(pages_to_free.pop()!)
}

export const changes: Changes = {
  put_page: { before: put_page, after: mm.put_page },
  put_compound_page: { before: put_compound_page, after: undefined },
  put_refcounted_compound_page: { before: put_refcounted_compound_page, after: undefined },
  release_pages: { before: release_pages, after: release_pages_4_5 },
}
