// Counters (mm/vmstat.c, include/linux/mmzone.h, include/linux/vm_event_item.h): per CPU, added to and never read
// by the functions that change them; a reader sums the CPUs.

import { PAGE_SIZE } from '../contents.ts'
import { k } from '../kernel.ts'
import { statCpu, this_cpu_add } from '../ops.ts'
import { S, sbrk } from '../store.ts'
import { default_hstate, readPool } from './hugetlb_hstate.ts'
import { HPAGE_PMD_NR, zone } from './init.ts'
import { NR_CPUS } from './slab.ts'
import { total_swapcache_pages } from './swap_state.ts'
import { get_nr_swap_pages, total_swap_pages } from './swapfile_map.ts'

/** Zone counters in base pages (AnonHugePages in huge pages), then events. */
export const vmstat = [
  'NR_ANON_PAGES',
  'NR_ANON_TRANSPARENT_HUGEPAGES',
  'NR_FILE_MAPPED',
  'NR_FILE_PAGES',
  'NR_SHMEM',
  'NR_ACTIVE_ANON',
  'NR_INACTIVE_ANON',
  'NR_UNEVICTABLE',
  'NR_MLOCK',
  'NR_ISOLATED_ANON',
  'NR_VMSCAN_WRITE',
  'PSWPIN',
  'PSWPOUT',
  'PGMAJFAULT',
  'PGLAZYFREED',
  'PGMIGRATE_SUCCESS',
  'PGMIGRATE_FAIL',
  'THP_COLLAPSE_ALLOC',
  'THP_COLLAPSE_ALLOC_FAILED',
  'THP_FAULT_ALLOC',
  'THP_FAULT_FALLBACK',
  'THP_SPLIT',
  'THP_SPLIT_PAGE',
  'THP_SPLIT_PAGE_FAILED',
  'THP_SPLIT_PMD',
  'THP_ZERO_PAGE_ALLOC',
  'UNEVICTABLE_PGCULLED',
  'UNEVICTABLE_PGRESCUED',
  'UNEVICTABLE_PGMLOCKED',
  'UNEVICTABLE_PGMUNLOCKED',
  'UNEVICTABLE_PGCLEARED',
  'UNEVICTABLE_PGSTRANDED',
] as const
export type Counter = (typeof vmstat)[number]
const SLOTS = 64
/** Distance of the cell for what is beyond 32 bits. */
const HIGH = 32

const slot = new Map<Counter, number>(vmstat.map((name, i) => [name, i]))
export const NR_ANON_PAGES = slot.get('NR_ANON_PAGES')!
export const NR_ANON_TRANSPARENT_HUGEPAGES = slot.get('NR_ANON_TRANSPARENT_HUGEPAGES')!
export const NR_FILE_MAPPED = slot.get('NR_FILE_MAPPED')!
export const NR_FILE_PAGES = slot.get('NR_FILE_PAGES')!
export const NR_SHMEM = slot.get('NR_SHMEM')!
export const NR_ACTIVE_ANON = slot.get('NR_ACTIVE_ANON')!
export const NR_INACTIVE_ANON = slot.get('NR_INACTIVE_ANON')!
export const NR_UNEVICTABLE = slot.get('NR_UNEVICTABLE')!
export const NR_MLOCK = slot.get('NR_MLOCK')!
export const NR_ISOLATED_ANON = slot.get('NR_ISOLATED_ANON')!
export const NR_VMSCAN_WRITE = slot.get('NR_VMSCAN_WRITE')!
export const PSWPIN = slot.get('PSWPIN')!
export const PSWPOUT = slot.get('PSWPOUT')!
export const PGMAJFAULT = slot.get('PGMAJFAULT')!
export const PGLAZYFREED = slot.get('PGLAZYFREED')!
export const PGMIGRATE_SUCCESS = slot.get('PGMIGRATE_SUCCESS')!
export const PGMIGRATE_FAIL = slot.get('PGMIGRATE_FAIL')!
export const THP_COLLAPSE_ALLOC = slot.get('THP_COLLAPSE_ALLOC')!
export const THP_COLLAPSE_ALLOC_FAILED = slot.get('THP_COLLAPSE_ALLOC_FAILED')!
export const THP_FAULT_ALLOC = slot.get('THP_FAULT_ALLOC')!
export const THP_FAULT_FALLBACK = slot.get('THP_FAULT_FALLBACK')!
export const THP_SPLIT = slot.get('THP_SPLIT')!
export const THP_SPLIT_PAGE = slot.get('THP_SPLIT_PAGE')!
export const THP_SPLIT_PAGE_FAILED = slot.get('THP_SPLIT_PAGE_FAILED')!
export const THP_SPLIT_PMD = slot.get('THP_SPLIT_PMD')!
export const THP_ZERO_PAGE_ALLOC = slot.get('THP_ZERO_PAGE_ALLOC')!
export const UNEVICTABLE_PGCULLED = slot.get('UNEVICTABLE_PGCULLED')!
export const UNEVICTABLE_PGRESCUED = slot.get('UNEVICTABLE_PGRESCUED')!
export const UNEVICTABLE_PGMLOCKED = slot.get('UNEVICTABLE_PGMLOCKED')!
export const UNEVICTABLE_PGMUNLOCKED = slot.get('UNEVICTABLE_PGMUNLOCKED')!
export const UNEVICTABLE_PGCLEARED = slot.get('UNEVICTABLE_PGCLEARED')!
export const UNEVICTABLE_PGSTRANDED = slot.get('UNEVICTABLE_PGSTRANDED')!

let vm_stat = 0

export function init_vmstat(): void {
  vm_stat = sbrk(NR_CPUS * SLOTS)
}

export function mod_zone_page_state(item: number, n: number): void {
  this_cpu_add(vm_stat + statCpu() * SLOTS + item, n)
}

/**
 * As mod_zone_page_state, for callers whose `delta` may be beyond 32 bits: it is a long, and so is the counter. Only
 * munlock ever was such a caller; interrupts are off.
 */
export function __mod_zone_page_state(item: number, delta: number): void {
  const low = delta | 0
  mod_zone_page_state(item, low)
  if (low !== delta) mod_zone_page_state(HIGH + item, (delta - low) / 2 ** 32)
}

export function count_vm_events(item: number, n: number): void {
  mod_zone_page_state(item, n)
}

export function count_vm_event(item: number): void {
  this_cpu_add(vm_stat + statCpu() * SLOTS + item, 1)
}

/** The sum over all CPUs; for observers. */
export function global_page_state(item: number): number {
  let sum = 0
  for (let c = 0; c < NR_CPUS; c++) {
    const cell = vm_stat + c * SLOTS + item
    sum += S[cell]! + S[cell + HIGH]! * 2 ** 32
  }
  return sum
}

/** As /proc shows a zone counter: what CPUs have not yet added up may make it negative, which is not shown. */
const shownPages = (item: number): number => Math.max(0, global_page_state(item))

const bytes = (pages: number): number => pages * PAGE_SIZE

/** How /proc/meminfo (in bytes) and /proc/vmstat spell the counters, and what each shows. */
const shown: readonly (readonly [string, () => number])[] = [
  ['AnonPages', () => bytes(k.anonPages())],
  ['AnonHugePages', () => bytes(global_page_state(NR_ANON_TRANSPARENT_HUGEPAGES) * HPAGE_PMD_NR)],
  ['Cached', () => bytes(global_page_state(NR_FILE_PAGES))],
  ['Mapped', () => bytes(global_page_state(NR_FILE_MAPPED))],
  ['Shmem', () => bytes(global_page_state(NR_SHMEM))],
  ['Active(anon)', () => bytes(global_page_state(NR_ACTIVE_ANON))],
  ['Inactive(anon)', () => bytes(global_page_state(NR_INACTIVE_ANON))],
  ['Unevictable', () => bytes(shownPages(NR_UNEVICTABLE))],
  ['Mlocked', () => bytes(shownPages(NR_MLOCK))],
  ['SwapCached', () => bytes(total_swapcache_pages())],
  ['SwapTotal', () => bytes(total_swap_pages())],
  ['SwapFree', () => bytes(get_nr_swap_pages())],
  ['HardwareCorrupted', () => bytes(S[zone.num_poisoned_pages]!)],
  // Not as /proc/vmstat shows it, but as it stands.
  ['nr_mlock', () => global_page_state(NR_MLOCK)],
  ['nr_isolated_anon', () => global_page_state(NR_ISOLATED_ANON)],
  ['HugePages_Total', () => readPool(default_hstate).nr],
  ['HugePages_Free', () => readPool(default_hstate).free],
  ['HugePages_Rsvd', () => readPool(default_hstate).resv],
  ['HugePages_Surp', () => readPool(default_hstate).surplus],
  ['nr_vmscan_write', () => global_page_state(NR_VMSCAN_WRITE)],
  ['pswpin', () => global_page_state(PSWPIN)],
  ['pswpout', () => global_page_state(PSWPOUT)],
  ['pgmajfault', () => global_page_state(PGMAJFAULT)],
  ['pglazyfreed', () => global_page_state(PGLAZYFREED)],
  ['pgmigrate_success', () => global_page_state(PGMIGRATE_SUCCESS)],
  ['pgmigrate_fail', () => global_page_state(PGMIGRATE_FAIL)],
  ['unevictable_pgs_culled', () => global_page_state(UNEVICTABLE_PGCULLED)],
  ['unevictable_pgs_rescued', () => global_page_state(UNEVICTABLE_PGRESCUED)],
  ['unevictable_pgs_mlocked', () => global_page_state(UNEVICTABLE_PGMLOCKED)],
  ['unevictable_pgs_munlocked', () => global_page_state(UNEVICTABLE_PGMUNLOCKED)],
  ['unevictable_pgs_cleared', () => global_page_state(UNEVICTABLE_PGCLEARED)],
  ['unevictable_pgs_stranded', () => global_page_state(UNEVICTABLE_PGSTRANDED)],
  ['thp_collapse_alloc', () => global_page_state(THP_COLLAPSE_ALLOC)],
  ['thp_collapse_alloc_failed', () => global_page_state(THP_COLLAPSE_ALLOC_FAILED)],
  ['thp_fault_alloc', () => global_page_state(THP_FAULT_ALLOC)],
  ['thp_fault_fallback', () => global_page_state(THP_FAULT_FALLBACK)],
  ['thp_split', () => global_page_state(THP_SPLIT)],
  ['thp_split_page', () => global_page_state(THP_SPLIT_PAGE)],
  ['thp_split_page_failed', () => global_page_state(THP_SPLIT_PAGE_FAILED)],
  ['thp_split_pmd', () => global_page_state(THP_SPLIT_PMD)],
  ['thp_zero_page_alloc', () => global_page_state(THP_ZERO_PAGE_ALLOC)],
]

/** The counters that the model has, as /proc spells them. */
export const counterNames: readonly string[] = shown.map(([name]) => name)

/** Anonymous pages that are mapped, as AnonPages of /proc/meminfo has them. */
export const anonPages = (): number => global_page_state(NR_ANON_PAGES)

/** Counters of other releases, which this kernel does not show. */
export const countersOfOthers = (): readonly string[] => ['thp_split']

/** All counters as they stand. */
export function readCounters(): Record<string, number> {
  const counters: Record<string, number> = {}
  const others = k.countersOfOthers()
  for (const [name, read] of shown) if (!others.includes(name)) counters[name] = read()
  return counters
}
