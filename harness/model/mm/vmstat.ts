// Counters (mm/vmstat.c, include/linux/mmzone.h, include/linux/vm_event_item.h): per CPU, added to and never read
// by the functions that change them; a reader sums the CPUs.

import { PAGE_SIZE } from '../contents.ts'
import { k } from '../kernel.ts'
import { statCpu, this_cpu_add } from '../ops.ts'
import { S, sbrk } from '../store.ts'
import { HPAGE_PMD_NR } from './init.ts'
import { NR_CPUS } from './slab.ts'

/** Zone counters in base pages (AnonHugePages in huge pages), then events. */
export const vmstat = [
  'NR_ANON_PAGES',
  'NR_ANON_TRANSPARENT_HUGEPAGES',
  'NR_FILE_MAPPED',
  'NR_ACTIVE_ANON',
  'NR_INACTIVE_ANON',
  'THP_FAULT_ALLOC',
  'THP_FAULT_FALLBACK',
  'THP_SPLIT',
  'THP_SPLIT_PAGE',
  'THP_SPLIT_PAGE_FAILED',
  'THP_SPLIT_PMD',
  'THP_ZERO_PAGE_ALLOC',
] as const
export type Counter = (typeof vmstat)[number]
const SLOTS = 16

const slot = new Map<Counter, number>(vmstat.map((name, i) => [name, i]))
export const NR_ANON_PAGES = slot.get('NR_ANON_PAGES')!
export const NR_ANON_TRANSPARENT_HUGEPAGES = slot.get('NR_ANON_TRANSPARENT_HUGEPAGES')!
export const NR_ACTIVE_ANON = slot.get('NR_ACTIVE_ANON')!
export const NR_INACTIVE_ANON = slot.get('NR_INACTIVE_ANON')!
export const THP_FAULT_ALLOC = slot.get('THP_FAULT_ALLOC')!
export const THP_FAULT_FALLBACK = slot.get('THP_FAULT_FALLBACK')!
export const THP_SPLIT = slot.get('THP_SPLIT')!
export const THP_SPLIT_PAGE = slot.get('THP_SPLIT_PAGE')!
export const THP_SPLIT_PAGE_FAILED = slot.get('THP_SPLIT_PAGE_FAILED')!
export const THP_SPLIT_PMD = slot.get('THP_SPLIT_PMD')!
export const THP_ZERO_PAGE_ALLOC = slot.get('THP_ZERO_PAGE_ALLOC')!

let vm_stat = 0

export function init_vmstat(): void {
  vm_stat = sbrk(NR_CPUS * SLOTS)
}

export function mod_zone_page_state(item: number, n: number): void {
  this_cpu_add(vm_stat + statCpu() * SLOTS + item, n)
}

export function count_vm_event(item: number): void {
  this_cpu_add(vm_stat + statCpu() * SLOTS + item, 1)
}

/** The sum over all CPUs; for observers. */
export function global_page_state(item: number): number {
  let sum = 0
  for (let c = 0; c < NR_CPUS; c++) sum += S[vm_stat + c * SLOTS + item]!
  return sum
}

const bytes = (pages: number): number => pages * PAGE_SIZE

/** How /proc/meminfo (in bytes) and /proc/vmstat spell the counters, and what each shows. */
const shown: readonly (readonly [string, () => number])[] = [
  ['AnonPages', () => bytes(k.anonPages())],
  ['AnonHugePages', () => bytes(global_page_state(NR_ANON_TRANSPARENT_HUGEPAGES) * HPAGE_PMD_NR)],
  ['Mapped', () => bytes(global_page_state(slot.get('NR_FILE_MAPPED')!))],
  ['Active(anon)', () => bytes(global_page_state(NR_ACTIVE_ANON))],
  ['Inactive(anon)', () => bytes(global_page_state(NR_INACTIVE_ANON))],
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
