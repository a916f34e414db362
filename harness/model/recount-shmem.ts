// The truth about files of tmpfs: which pages they have, who maps them, and what the kernel counts of that.

import { allInodes, i_data, inode } from './fs/inode.ts'
import { cachedPages, radix_tree_exceptional_entry } from './mm/filemap.ts'
import { type AddressSpace, type Inode, PAGE_MAPPING_ANON, type Page, page } from './mm/mm_types.ts'
import { page_to_pfn } from './mm/pgtable.ts'
import { radix_to_swp_entry } from './mm/shmem_swap.ts'
import { global_page_state, NR_FILE_MAPPED, NR_FILE_PAGES, NR_SHMEM } from './mm/vmstat.ts'
import { differs } from './recount-compound.ts'
import type { SwapTruth } from './recount-swap.ts'
import { S } from './store.ts'

type Add = (anomaly: string, text: string) => void

/** Whether a page, mapped or not, says that it is a file's. Part of a huge page it never is. */
export const isFilePage = (p: Page): boolean =>
  (S[p + page.compound_head]! & 1) === 0 &&
  S[p + page.mapping] !== 0 &&
  (S[p + page.mapping]! & PAGE_MAPPING_ANON) === 0

/** Adds up the pages of all files while the frames are gone through, then compares. */
export class Files {
  private readonly cached = new Map<Page, AddressSpace>()
  private mapped = 0
  private readonly add: Add
  private readonly swap: SwapTruth

  constructor(swap: SwapTruth, add: Add) {
    this.add = add
    this.swap = swap
    for (const i of allInodes()) if (S[i + inode.hstate] === 0) this.walkFile(i)
  }

  private walkFile(i: Inode): void {
    const mapping = i_data(i)
    let swapped = 0
    for (const [index, p] of cachedPages(mapping)) {
      if (radix_tree_exceptional_entry(p)) {
        swapped++
        this.swap.countFile(radix_to_swp_entry(p))
        continue
      }
      this.cached.set(p, mapping)
      if (S[p + page.mapping] !== mapping || S[p + page.index] !== index)
        this.add('page-corrupted', `frame ${page_to_pfn(p)} is in the page cache of a file that it does not name`)
    }
    const says = S[i + inode.swapped]!
    if (says !== swapped) this.add('counter-drift', differs('pages of a file in swap', says, swapped))
    const list = i + inode.i_swaplist
    if (swapped > 0 && S[list] === list) this.add('leak', 'a file has pages in swap, and swapoff does not look there')
  }

  /** The pages of files, each of which the file has a reference of. */
  pages(): Iterable<Page> {
    return this.cached.keys()
  }

  /** One page of a file that `maps` entries map; `written`: one of them privately and writable. */
  checkPage(p: Page, maps: number, written: boolean): void {
    if (maps > 0) this.mapped++
    const pfn = page_to_pfn(p)
    if (written) this.add('leaked-write', `frame ${pfn} is written to privately, and a file has it`)
    if (!this.cached.has(p)) this.add('page-corrupted', `frame ${pfn} names a file that does not have it`)
  }

  check(): void {
    this.same('Shmem in pages', NR_SHMEM, this.cached.size)
    this.same('Cached in pages', NR_FILE_PAGES, this.cached.size)
    this.same('Mapped in pages', NR_FILE_MAPPED, this.mapped)
  }

  private same(what: string, item: number, expected: number): void {
    const is = global_page_state(item)
    if (is !== expected) this.add('counter-drift', differs(what, is, expected))
  }
}
