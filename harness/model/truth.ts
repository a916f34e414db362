// The truth: everything that the kernel counts, counted again from what it counts: page tables, pins, pagevecs and
// caches. Reads cells directly, changes nothing, and stops at the first few differences of a kind.

import type { Finding } from '../engine.ts'
import { inode, inode_cachep } from './fs/inode.ts'
import { k } from './kernel.ts'
import { radix_tree_node_cachep } from './mm/filemap.ts'
import { mm_cachep } from './mm/fork.ts'
import { file_region_cachep, resv_map_cachep } from './mm/hugetlb_region.ts'
import { subpool_cachep } from './mm/hugetlb_subpool.ts'
import { HPAGE_PMD_NR, max_pfn, zone } from './mm/init.ts'
import {
  anon_vma,
  anon_vma_chain,
  type Mm,
  mm_struct,
  PAGE_MAPPING_ANON,
  type Page,
  type Pmd,
  type Pte,
  page,
  tail,
  VM_LOCKED,
  VM_SHARED,
  vm_area,
} from './mm/mm_types.ts'
import { vm_area_cachep } from './mm/mmap.ts'
import { freeRuns } from './mm/page_alloc.ts'
import {
  isHugetlbHead,
  PG_active,
  PG_head,
  PG_hwpoison,
  PG_locked,
  PG_lru,
  PG_mlocked,
  PG_unevictable,
} from './mm/page-flags.ts'
import {
  firstPte,
  forEachPmd,
  forEachPud,
  page_to_pfn,
  pfn_to_page,
  pmd_trans_huge,
  pointsToTable,
  pte_cachep,
  pte_pfn,
  pte_present,
  pte_write,
} from './mm/pgtable.ts'
import { anon_vma_cachep, anon_vma_chain_cachep } from './mm/rmap.ts'
import { isFreed, liveObjects } from './mm/slab.ts'
import { MLOCK_PVEC_FLAGS, mlockPvecEntries, pagevecPages } from './mm/swap.ts'
import { swapCachePages } from './mm/swap_state.ts'
import { is_hwpoison_entry, is_migration_entry, is_swap_entry } from './mm/swapops.ts'
import {
  global_page_state,
  NR_ACTIVE_ANON,
  NR_ANON_TRANSPARENT_HUGEPAGES,
  NR_INACTIVE_ANON,
  NR_MLOCK,
  NR_UNEVICTABLE,
} from './mm/vmstat.ts'
import { differs } from './recount-compound.ts'
import { forEachHugePte, hugePages, isHugePte, Pools } from './recount-hugetlb.ts'
import { Files, isFilePage } from './recount-shmem.ts'
import { SwapTruth, slotsLeft } from './recount-swap.ts'
import { S } from './store.ts'

/** Who holds pages beside the kernel itself. */
export interface Holders {
  /** Address spaces in use, by the name of their process. */
  readonly mms: ReadonlyMap<string, Mm>
  /** The frames of every pin and of every isolation, one reference each. */
  readonly pins: Iterable<readonly Page[]>
}

/** Findings of one kind beyond this are not told. */
const ENOUGH = 3

/** Of the recount that runs. */
let swap: SwapTruth
/** What page tables, pins and pagevecs say of each frame; rebuilt for each recount. */
let ptes = new Int32Array(0)
let pmds = new Int32Array(0)
let refs = new Int32Array(0)
let tailPins = new Int32Array(0)
let locks = new Int32Array(0)
let writers = new Uint8Array(0)
let frames = 0
/** Frames beyond `frames` of which something was said: heads of gigantic pages. */
let gigantic: number[] = []

function clear(): void {
  frames = S[zone.next_block]!
  for (const pfn of gigantic) pmds[pfn] = refs[pfn] = writers[pfn] = 0
  gigantic = []
  const end = Math.max(frames, S[zone.run_end]!)
  if (ptes.length < end) {
    const length = Math.max(end, 2 * ptes.length)
    ptes = new Int32Array(length)
    pmds = new Int32Array(length)
    refs = new Int32Array(length)
    tailPins = new Int32Array(length)
    locks = new Int32Array(length)
    writers = new Uint8Array(length)
    return
  }
  ptes.fill(0, 0, frames)
  pmds.fill(0, 0, frames)
  refs.fill(0, 0, frames)
  tailPins.fill(0, 0, frames)
  locks.fill(0, 0, frames)
  writers.fill(0, 0, frames)
}

/** Collects findings, the first few of each kind. */
class Findings {
  readonly list: Finding[] = []
  private readonly seen = new Map<string, number>()

  add(anomaly: string, text: string): void {
    const n = (this.seen.get(anomaly) ?? 0) + 1
    this.seen.set(anomaly, n)
    if (n <= ENOUGH) this.list.push({ anomaly, text })
  }
}

/** Recounts everything. An empty list means that every count agrees. */
export function recount(holders: Holders): Finding[] {
  const found = new Findings()
  clear()
  let zeroMaps = 0
  swap = new SwapTruth((anomaly, text) => found.add(anomaly, text))
  for (const [name, mm] of holders.mms) zeroMaps += countMaps(name, mm, found)
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
  checkFrames(pools, files, found)
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
  for (let pfn = 1; pfn < S[zone.next_block]!; pfn++) {
    const p = pfn_to_page(pfn)
    const lost = S[p + page.flags]! & PG_hwpoison && S[p + page._count] === 1
    if (p !== zero && !lost && S[p + page._count] !== 0)
      found.add('leak', `frame ${pfn} is left with ${S[p + page._count]} reference(s)`)
  }
  return found.list
}

// ---- from the outside in -------------------------------------------------------------------------------------------

const headOf = (p: number): number => (S[p + page.compound_head]! & 1 ? S[p + page.compound_head]! - 1 : p)

function countReference(p: Page): void {
  if (p === pfn_to_page(0)) return
  const head = headOf(p) as Page
  refs[page_to_pfn(head)]!++
  if (page_to_pfn(head) >= frames) gigantic.push(page_to_pfn(head))
  else if (p !== head) tailPins[page_to_pfn(p)]!++
}

/** Counts what one address space maps; returns how often that is the huge zero page. */
function countMaps(name: string, mm: Mm, found: Findings): number {
  const reach = new Reach(name, mm, found)
  let rss = 0
  let swapped = 0
  let tables = 0
  let zeroMaps = 0
  let huge = 0
  const hugeReach = new Reach(name, mm, found)
  forEachHugePte(mm, (addr, entry) => {
    huge += countHuge(hugeReach, addr, entry)
  })
  forEachPud(mm, (addr, pud) => {
    if (is_migration_entry(pud as number as Pte)) reach.checkMigration(addr, pte_pfn(pud))
  })
  expectSame(found, 'counter-drift', `base pages of hugetlb in ${name}`, k.hugetlbUsage(mm) ?? huge, huge)
  forEachPmd(mm, (addr, pmd) => {
    if (!pointsToTable(pmd) && (isHugePte(pmd) || is_hwpoison_entry(pmd as number as Pte))) return
    if (!pointsToTable(pmd) && is_migration_entry(pmd as number as Pte)) {
      reach.checkMigration(addr, pte_pfn(pmd))
      return
    }
    tables++
    if (!pmd_trans_huge(pmd)) {
      const { pages, slots } = countTable(pmd, addr, reach)
      rss += pages
      swapped += slots
    } else if (pfn_to_page(pte_pfn(pmd)) === S[zone.huge_zero_page]) {
      zeroMaps++
    } else {
      countPmd(pmd)
      rss += HPAGE_PMD_NR
      if (reach.check(addr, pmd, HPAGE_PMD_NR)) locks[pte_pfn(pmd)]!++
    }
  })
  expectSame(found, 'counter-drift', `anonymous RSS of ${name}`, S[mm + mm_struct.anon_rss]!, rss - reach.shmem)
  expectSame(found, 'counter-drift', `shared RSS of ${name}`, S[mm + mm_struct.shmem_rss]!, reach.shmem)
  swap.checkMm(name, mm, swapped)
  expectSame(found, 'counter-drift', `page tables of ${name}`, S[mm + mm_struct.nr_ptes]!, tables)
  return zeroMaps
}

/** Counts one map of a huge page of hugetlb; returns its base pages. */
function countHuge(reach: Reach, addr: number, entry: Pmd): number {
  const pfn = pte_pfn(entry)
  const nr = hugePages(pfn_to_page(pfn))
  pmds[pfn]!++
  refs[pfn]!++
  if (pfn >= frames) gigantic.push(pfn)
  reach.checkHuge(addr, entry, nr)
  if (pte_write(entry) && !reach.shares()) writers[pfn] = 1
  return nr
}

/** Counts what one PTE table maps: pages other than the zero page, and slots of the swap area. */
function countTable(pmd: Pmd, addr: number, reach: Reach): { readonly pages: number; readonly slots: number } {
  const first = firstPte(pmd)
  let pages = 0
  let slots = 0
  for (let i = 0; i < HPAGE_PMD_NR; i++) {
    const pte = S[first + i]! as Pte
    if (pte === 0) continue
    // It stands for no page, and so for no count.
    if (is_hwpoison_entry(pte)) {
      reach.check(addr + i, 0 as Pte, 1)
      continue
    }
    if (is_swap_entry(pte)) {
      reach.check(addr + i, 0 as Pte, 1)
      swap.count(pte)
      slots++
      continue
    }
    const pfn = pte_pfn(pte)
    if (isHugePte(pte as number as Pmd)) continue
    const locked = reach.check(addr + i, pte, 1)
    if (pfn === 0) continue
    pages++
    if (isFilePage(pfn_to_page(pfn))) reach.shmem++
    if (!pte_present(pte)) {
      reach.checkMigration(addr + i, pfn)
      continue
    }
    ptes[pfn]!++
    if (locked && headOf(pfn_to_page(pfn)) === pfn_to_page(pfn) && !(S[pfn_to_page(pfn) + page.flags]! & PG_head))
      locks[pfn]!++
    if (pte_write(pte) && !reach.shares()) writers[pfn] = 1
    refs[page_to_pfn(headOf(pfn_to_page(pfn)) as Page)]!++
  }
  return { pages, slots }
}

function countPmd(pmd: Pmd): void {
  const pfn = pte_pfn(pmd)
  pmds[pfn]!++
  refs[pfn]!++
  if (pte_write(pmd)) writers.fill(1, pfn, pfn + HPAGE_PMD_NR)
}

/** Whether each map lies in a vma, and whether a walk from the page's anon_vma would find it there. */
class Reach {
  /** Pages of files that it was told of. */
  shmem = 0
  private vma: number
  private lastAnon = -1
  private linked = false
  private readonly name: string
  private readonly found: Findings

  constructor(name: string, mm: Mm, found: Findings) {
    this.name = name
    this.found = found
    this.vma = S[mm + mm_struct.mmap]!
  }

  /** Returns whether the vma is locked. */
  check(addr: number, entry: Pte | Pmd, pages: number): boolean {
    while (this.vma !== 0 && S[this.vma + vm_area.vm_end]! <= addr) this.enter(S[this.vma + vm_area.vm_next]!)
    if (this.vma === 0 || S[this.vma + vm_area.vm_start]! > addr || S[this.vma + vm_area.vm_end]! < addr + pages) {
      this.found.add('stale-mapping', `${this.name} maps page ${addr} outside every vma`)
      return false
    }
    const locked = (S[this.vma + vm_area.vm_flags]! & VM_LOCKED) !== 0
    const p = pfn_to_page(pte_pfn(entry))
    if (pte_pfn(entry) === 0) return locked
    const head = headOf(p)
    const mapping = S[head + page.mapping]!
    if (mapping !== this.lastAnon) {
      this.lastAnon = mapping
      this.linked = this.leads(mapping)
    }
    const index = S[head + page.index]! + (p - head) / page.SIZE
    const expected = addr - S[this.vma + vm_area.vm_start]! + S[this.vma + vm_area.vm_pgoff]!
    if (this.linked && index === expected) return locked
    this.found.add(
      'unreachable-by-rmap',
      `${this.name} maps frame ${pte_pfn(entry)} at page ${addr}, where its ${isFilePage(head as Page) ? 'file' : 'anon_vma'} does not lead`,
    )
    return locked
  }

  /** Whether the vma is among those that a page of this mapping is looked for in. */
  private leads(mapping: number): boolean {
    if (mapping & PAGE_MAPPING_ANON) return !isFreed(anon_vma_cachep, mapping - 1) && isLinked(mapping - 1, this.vma)
    const file = S[this.vma + vm_area.vm_file]!
    return file !== 0 && mapping === file + inode.i_data
  }

  /** As check, of a huge page of hugetlb: its index counts huge pages, and its mapping may be the file that the vma maps. */
  checkHuge(addr: number, entry: Pmd, pages: number): void {
    this.check(addr, 0 as Pte, pages)
    if (this.vma === 0) return
    const head = pfn_to_page(pte_pfn(entry))
    // Before 0fe6e20b9c4c nothing leads from a huge page to who maps it.
    if (k.hugetlbMaps(head) === undefined) return
    const mapping = S[head + page.mapping]!
    const anon = (mapping & PAGE_MAPPING_ANON) !== 0
    const leads = this.leads(mapping)
    const index = (addr - S[this.vma + vm_area.vm_start]! + S[this.vma + vm_area.vm_pgoff]!) / pages
    if (leads && S[head + page.index] === index) return
    this.found.add(
      'unreachable-by-rmap',
      `${this.name} maps frame ${pte_pfn(entry)} at page ${addr}, where its ${anon ? 'anon_vma' : 'file'} does not lead`,
    )
  }

  /** Whether others shall see what is written in the vma that was checked last. */
  shares(): boolean {
    return this.vma !== 0 && (S[this.vma + vm_area.vm_flags]! & VM_SHARED) !== 0
  }

  /** A page that is being split or moved is locked; this entry would never go. */
  checkMigration(addr: number, pfn: number): void {
    if (S[headOf(pfn_to_page(pfn)) + page.flags]! & PG_locked) return
    this.found.add(
      'stuck-migration-entry',
      `${this.name} has a migration entry of frame ${pfn} at page ${addr}, and nobody moves that frame`,
    )
  }

  private enter(vma: number): void {
    this.vma = vma
    this.lastAnon = -1
  }
}

/** Whether an avc ties the anon_vma to the vma. The walk is bounded: memory may be corrupt. */
function isLinked(av: number, vma: number): boolean {
  let steps = 1 << 16
  for (let avc = S[av + anon_vma.rb_root]!; avc > 0 && steps > 0; avc = S[avc + anon_vma_chain.rb_next]!, steps--) {
    if (S[avc + anon_vma_chain.vma] === vma) return true
  }
  return false
}

/**
 * Calls `visit` for the frames that have been given out, which returns how many it has dealt with; `nr`: so many are free
 * as one run.
 */
function forEachFrame(visit: (p: Page, pfn: number, nr: number) => number): void {
  for (let pfn = 1; pfn < S[zone.next_block]!; ) pfn += visit(pfn_to_page(pfn), pfn, 1)
  if (S[zone.run_end] === 0) return
  const free = new Map(freeRuns())
  for (let pfn = S[zone.run_start]!; pfn < S[zone.run_end]!; )
    pfn += visit(pfn_to_page(pfn), pfn, 1 << (free.get(pfn) ?? 0))
}

// ---- from the frames out -------------------------------------------------------------------------------------------

/** Sums over all frames, to compare with the zone's counters. */
const sums = { anon: 0, huge: 0, active: 0, inactive: 0, unevictable: 0, mlocked: 0 }

function checkFrames(pools: Pools, files: Files, found: Findings): void {
  checkPoison(found)
  sums.anon = sums.huge = sums.active = sums.inactive = sums.unevictable = sums.mlocked = 0
  forEachFrame((p, pfn, step) => {
    const compound = (S[p + page.flags]! & PG_head) !== 0
    if (compound && isHugetlbHead(p)) {
      pools.checkPage(p, refs[pfn]!, pmds[pfn]!, writers[pfn] === 1)
      return hugePages(p)
    }
    if (compound) checkCompound(p, pfn, found)
    else checkSingle(p, pfn, files, found)
    k.recountMlock(p, pfn, locks[pfn]!, (anomaly, text) => found.add(anomaly, text))
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
  let lost = S[pfn_to_page(0) + page.flags]! & PG_hwpoison ? 1 : 0
  const whole = S[zone.num_poisoned_pages] !== 0
  forEachFrame((p, pfn, nr) => {
    // Gigantic pages are looked through only if something is lost at all.
    const step = whole || pfn < frames ? 1 : Math.max(nr, S[p + page.flags]! & PG_head ? hugePages(p) : 1)
    if ((S[p + page.flags]! & PG_hwpoison) === 0) return step
    lost++
    const maps = ptes[pfn]! + pmds[page_to_pfn(headOf(pfn_to_page(pfn)) as Page)]!
    if (maps > 0) found.add('poison-mapped', `frame ${pfn} has failed, and is mapped ${maps} time(s)`)
    return step
  })
  expectSame(found, 'counter-drift', 'HardwareCorrupted in pages', S[zone.num_poisoned_pages]!, lost)
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

function checkSingle(p: Page, pfn: number, files: Files, found: Findings): void {
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
    if (!valid || ++n > frames) {
      found.add('page-corrupted', `the deferred split queue leads to cell ${at}, which is no huge page`)
      return
    }
  }
  expectSame(found, 'counter-drift', 'length of the deferred split queue', S[zone.split_queue_len]!, n)
}

function expectSame(found: Findings, anomaly: string, what: string, is: number, expected: number): void {
  if (is !== expected) found.add(anomaly, differs(what, is, expected))
}
