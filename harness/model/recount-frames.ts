// From the frames out: what each says of itself, against what was counted.

import { k } from './kernel.ts'
import { HPAGE_PMD_NR, zone } from './mm/init.ts'
import { type Page, page } from './mm/mm_types.ts'
import { isHugetlbHead, PG_active, PG_head, PG_hwpoison, PG_lru, PG_mlocked, PG_unevictable } from './mm/page-flags.ts'
import { page_to_pfn, pfn_to_page } from './mm/pgtable.ts'
import {
  global_page_state,
  NR_ACTIVE_ANON,
  NR_ANON_TRANSPARENT_HUGEPAGES,
  NR_INACTIVE_ANON,
  NR_MLOCK,
  NR_UNEVICTABLE,
} from './mm/vmstat.ts'
import { differs } from './recount-compound.ts'
import { hugePages, type Pools } from './recount-hugetlb.ts'
import { type Files, isFilePage } from './recount-shmem.ts'
import type { SwapTruth } from './recount-swap.ts'
import {
  blocks,
  expectSame,
  type Findings,
  forEachFrame,
  forEachOfRuns,
  headOf,
  locks,
  pmds,
  ptes,
  refs,
  runs,
  tailPins,
  writers,
} from './recount-tally.ts'
import { S } from './store.ts'

/** Sums over all frames, to compare with the zone's counters. */
const sums = { anon: 0, huge: 0, active: 0, inactive: 0, unevictable: 0, mlocked: 0 }

/** Each frame's counts against what was counted of it, and the zone's counters against the sums. */
export function checkFrames(pools: Pools, files: Files, swap: SwapTruth, found: Findings): void {
  const add: Findings['add'] = (anomaly, text) => found.add(anomaly, text)
  checkPoison(found)
  sums.anon = sums.huge = sums.active = sums.inactive = sums.unevictable = sums.mlocked = 0
  forEachFrame((p, pfn, step) => {
    const compound = (S[p + page.flags]! & PG_head) !== 0
    if (compound && isHugetlbHead(p)) {
      pools.checkPage(p, refs[pfn]!, pmds[pfn]!, writers[pfn] === 1)
      return hugePages(p)
    }
    if (compound) checkCompound(p, pfn, found)
    else checkSingle(p, pfn, files, swap, found)
    k.recountMlock(p, pfn, locks[pfn]!, add)
    const nr = compound ? HPAGE_PMD_NR : 1
    const flags = S[p + page.flags]!
    if (flags & PG_lru) sums[listOf(flags)] += nr
    if (flags & PG_mlocked) sums.mlocked += nr
    return Math.max(nr, step)
  })
  expectSame(found, 'counter-drift', 'AnonPages in pages', k.anonPages(), sums.anon)
  expectSame(
    found,
    'counter-drift',
    'AnonHugePages in huge pages',
    global_page_state(NR_ANON_TRANSPARENT_HUGEPAGES),
    sums.huge,
  )
  expectSame(found, 'counter-drift', 'Active(anon) in pages', global_page_state(NR_ACTIVE_ANON), sums.active)
  expectSame(found, 'counter-drift', 'Inactive(anon) in pages', global_page_state(NR_INACTIVE_ANON), sums.inactive)
  expectSame(found, 'counter-drift', 'Unevictable in pages', global_page_state(NR_UNEVICTABLE), sums.unevictable)
  expectSame(found, 'counter-drift', 'Mlocked in pages', global_page_state(NR_MLOCK), sums.mlocked)
}

/** Frames that have failed are as many as counted, and nobody maps one. The zero page is mapped for ever. */
function checkPoison(found: Findings): void {
  const counted = S[zone.num_poisoned_pages]!
  const failed = failedFrames(counted !== 0)
  for (const pfn of failed) {
    const maps = ptes[pfn]! + pmds[page_to_pfn(headOf(pfn_to_page(pfn)))]!
    if (pfn !== 0 && maps > 0) found.add('poison-mapped', `frame ${pfn} has failed, and is mapped ${maps} time(s)`)
  }
  expectSame(found, 'counter-drift', 'HardwareCorrupted in pages', counted, failed.length)
}

/** Of gigantic pages only the heads are looked at, unless `all`. */
function failedFrames(all: boolean): number[] {
  const failed: number[] = []
  for (const [from, to] of all ? [...blocks, ...runs] : blocks) {
    const end = pfn_to_page(to)
    for (let p = pfn_to_page(from); p < end; p = (p + page.SIZE) as Page)
      if (S[p + page.flags]! & PG_hwpoison) failed.push(page_to_pfn(p))
  }
  if (all) return failed
  forEachOfRuns((p, pfn, nr) => {
    const flags = S[p + page.flags]!
    if (flags & PG_hwpoison) failed.push(pfn)
    return Math.max(nr, flags & PG_head ? hugePages(p) : 1)
  })
  return failed
}

function listOf(flags: number): 'active' | 'inactive' | 'unevictable' {
  if (flags & PG_unevictable) return 'unevictable'
  return flags & PG_active ? 'active' : 'inactive'
}

function checkCount(p: Page, pfn: number, found: Findings): void {
  const count = S[p + page._count]!
  // Who has taken a lost page out of use keeps it for ever.
  const expected = refs[pfn]! + (count !== 0 && S[p + page.flags]! & PG_hwpoison ? 1 : 0)
  if (count === expected || p === S[zone.huge_zero_page]) return
  if (count === 0)
    found.add('use-after-free', `frame ${pfn} is free, but ${expected} map(s), pin(s) or pagevec(s) refer to it`)
  else found.add('refcount-mismatch', `frame ${pfn} has ${count} reference(s), its users are ${expected}`)
}

function checkSingle(p: Page, pfn: number, files: Files, swap: SwapTruth, found: Findings): void {
  checkCount(p, pfn, found)
  swap.checkPage(p, pfn)
  const maps = ptes[pfn]!
  const says = S[p + page._mapcount]! + 1
  if (says !== maps) found.add('mapcount-mismatch', differs(`mapcount of frame ${pfn}`, says, maps))
  if (isFilePage(p)) {
    files.checkPage(p, maps, writers[pfn] === 1)
    return
  }
  if (maps > 0) sums.anon++
  if (maps > 1) checkIsolation(pfn, maps, found)
}

function checkCompound(p: Page, pfn: number, found: Findings): void {
  checkCount(p, pfn, found)
  if (pmds[pfn]! > 0) sums.huge++
  sums.anon += k.recountCompound(p, pfn, {
    ptes,
    pmds,
    tailPins,
    add: (anomaly, text) => found.add(anomaly, text),
    shared: (frame, maps) => checkIsolation(frame, maps, found),
  })
}

/** Private memory that is mapped more than once is read-only to all: a write would reach the other. */
function checkIsolation(pfn: number, maps: number, found: Findings): void {
  if (writers[pfn] === 1)
    found.add('leaked-write', `frame ${pfn} is mapped ${maps} times, once writable: a write reaches the others`)
}
