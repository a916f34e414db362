// The truth: everything that the kernel counts, counted again from what it counts: page tables, pins, pagevecs and
// caches. Reads cells directly, changes nothing, and stops at the first few differences of a kind.

import type { Finding } from '../engine.ts'
import { inode_cachep } from './fs/inode.ts'
import { radix_tree_node_cachep } from './mm/filemap.ts'
import { mm_cachep } from './mm/fork.ts'
import { file_region_cachep, resv_map_cachep } from './mm/hugetlb_region.ts'
import { subpool_cachep } from './mm/hugetlb_subpool.ts'
import { max_pfn, zone } from './mm/init.ts'
import { type Mm, type Page, page, tail } from './mm/mm_types.ts'
import { vm_area_cachep } from './mm/mmap_vma.ts'
import { givenOut } from './mm/mmzone.ts'
import { PG_head, PG_hwpoison } from './mm/page-flags.ts'
import { page_to_pfn, pfn_to_page, pte_cachep } from './mm/pgtable.ts'
import { anon_vma_cachep, anon_vma_chain_cachep } from './mm/rmap_anon_vma.ts'
import { liveObjects } from './mm/slab.ts'
import { MLOCK_PVEC_FLAGS, mlockPvecEntries, pagevecPages } from './mm/swap.ts'
import { swapCachePages } from './mm/swap_state.ts'
import { checkFrames } from './recount-frames.ts'
import { Pools } from './recount-hugetlb.ts'
import { countMaps } from './recount-maps.ts'
import { Files } from './recount-shmem.ts'
import { SwapTruth, slotsLeft } from './recount-swap.ts'
import { clear, countReference, expectSame, Findings, locks, refs } from './recount-tally.ts'
import { S } from './store.ts'

/** Who holds pages beside the kernel itself. */
export interface Holders {
  /** Address spaces in use, by the name of their process. */
  readonly mms: ReadonlyMap<string, Mm>
  /** The frames of every pin and of every isolation, one reference each. */
  readonly pins: Iterable<readonly Page[]>
}

/** Recounts everything. An empty list means that every count agrees. */
export function recount(holders: Holders): Finding[] {
  const found = new Findings()
  clear()
  let zeroMaps = 0
  const swap = new SwapTruth((anomaly, text) => found.add(anomaly, text))
  for (const [name, mm] of holders.mms) zeroMaps += countMaps(name, mm, swap, found)
  for (const p of swapCachePages()) countReference(p)
  for (const pin of holders.pins) for (const p of pin) countReference(p)
  for (const p of pagevecPages()) countReference(p)
  for (const entry of mlockPvecEntries()) {
    if (!(entry & MLOCK_PVEC_FLAGS)) locks[page_to_pfn(entry as Page)]!++
  }
  checkHugeZeroPage(zeroMaps, found)
  const pools = new Pools(holders.mms.values(), (anomaly, text) => found.add(anomaly, text))
  const files = new Files(swap, (anomaly, text) => found.add(anomaly, text))
  for (const p of files.pages()) refs[page_to_pfn(p)]!++
  checkFrames(pools, files, swap, found)
  pools.check()
  swap.check()
  files.check()
  checkQueue(found)
  return found.list
}

/** What is left when the last process and the last pin have gone. */
export function leftovers(): Finding[] {
  const found = new Findings()
  for (const cache of [
    mm_cachep,
    vm_area_cachep,
    anon_vma_cachep,
    anon_vma_chain_cachep,
    pte_cachep,
    inode_cachep,
    resv_map_cachep,
    file_region_cachep,
    radix_tree_node_cachep,
    subpool_cachep,
  ]) {
    const live = liveObjects(cache)
    if (live !== 0) found.add('leak', `${live} ${cache.name} left after the last process`)
  }
  if (slotsLeft() !== 0) found.add('leak', `${slotsLeft()} slot(s) of the swap area left after the last process`)
  const zero = S[zone.huge_zero_page]!
  for (const [from, to] of givenOut())
    for (let pfn = Math.max(from, 1); pfn < to; pfn++) {
      const p = pfn_to_page(pfn)
      const lost = S[p + page.flags]! & PG_hwpoison && S[p + page._count] === 1
      if (p !== zero && !lost && S[p + page._count] !== 0)
        found.add('leak', `frame ${pfn} is left with ${S[p + page._count]} reference(s)`)
    }
  return found.list
}

/** Counts its own references apart: one for each map, one for the shrinker. */
function checkHugeZeroPage(maps: number, found: Findings): void {
  const expected = S[zone.huge_zero_page] === 0 ? 0 : maps + 1
  expectSame(found, 'refcount-mismatch', 'users of the huge zero page', S[zone.huge_zero_refcount]!, expected)
}

/** The deferred split queue: every entry a live huge page that nobody else could have put there, as many as counted. */
function checkQueue(found: Findings): void {
  let n = 0
  for (let at = S[zone.split_queue]!; at !== zone.split_queue; at = S[at]!) {
    const head = at - tail.deferred_list
    const pfn = page_to_pfn(head as Page)
    const valid = Number.isInteger(pfn) && pfn >= 0 && pfn < max_pfn && (S[head + page.flags]! & PG_head) !== 0
    if (!valid || ++n > max_pfn) {
      found.add('page-corrupted', `the deferred split queue leads to cell ${at}, which is no huge page`)
      return
    }
  }
  expectSame(found, 'counter-drift', 'length of the deferred split queue', S[zone.split_queue_len]!, n)
}
