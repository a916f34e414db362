// The machine at boot (mm/init.c, mm/page_alloc.c free_area_init): its size, its settings, where mem_map and the
// zone lie. Fixed once booted, so plain variables; what changes while it runs lies in the store.

import type { Machine } from '../../engine.ts'
import { CannotJudge } from '../bug.ts'
import { PAGE_SIZE } from '../contents.ts'
import { sbrk, sreserve } from '../store.ts'
import { page } from './mm_types.ts'

/** Base pages in a huge page. */
export let HPAGE_PMD_NR = 512
export let HPAGE_PMD_ORDER = 9
/** The first struct page. */
export let mem_map = 0
/** Struct pages in mem_map. */
export let max_pfn = 0
/** CONFIG_DEBUG_VM */
export let debug_vm = false
/** /sys/kernel/mm/transparent_hugepage/enabled */
export let thp_enabled: Machine['thp'] = 'madvise'

/** /proc/sys/vm/page-cluster: up to so many pages, by order, come with one that is swapped in. */
export let page_cluster = 0

/** Cells of what all zones share here; what each has for itself is in mmzone.ts. */
export const zone = {
  lru_lock: 0,
  split_queue_lock: 0,
  split_queue: 0,
  split_queue_len: 0,
  huge_zero_page: 0,
  huge_zero_refcount: 0,
  lru_lists: 0,
  num_poisoned_pages: 0,
}

/** Base pages of memory that a machine has unless the case says otherwise: 16 GiB, on two nodes 1. */
const DEFAULT_PAGES = 1 << 22
const NODES_PAGES = 1 << 18
const MAX_PAGES = 1 << 24

/** Lays out mem_map and the zone. Throws CannotJudge where `machine` is larger than the model can be. */
export function init_machine(machine: Machine): void {
  HPAGE_PMD_NR = machine.hpage_nr
  HPAGE_PMD_ORDER = Math.log2(machine.hpage_nr)
  debug_vm = machine.debug_vm
  thp_enabled = machine.thp
  page_cluster = machine.page_cluster
  const usual = machine.nodes > 1 ? NODES_PAGES : DEFAULT_PAGES
  const pages = machine.memory === undefined ? usual : Math.floor(machine.memory / PAGE_SIZE)
  if (pages > MAX_PAGES) throw new CannotJudge('the model has room for 64 GiB of memory')
  max_pfn = pages - (pages % HPAGE_PMD_NR)
  const cells = sbrk(16)
  zone.lru_lock = cells
  zone.split_queue_lock = cells + 2
  zone.split_queue_len = cells + 3
  zone.split_queue = cells + 4
  zone.huge_zero_page = cells + 6
  zone.huge_zero_refcount = cells + 7
  zone.lru_lists = cells + 8
  zone.num_poisoned_pages = cells + 9
  mem_map = sreserve(max_pfn * page.SIZE)
}
