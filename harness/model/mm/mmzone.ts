// Nodes of memory (include/linux/mmzone.h, mm/page_alloc.c): which frames are whose, and those that nobody has used
// yet. A node's memory is one piece, as large as any other's. All CPUs are of the first node, and LRU lists of all
// together.

import { rd, S, sbrk, touched, wr, wrRepeat } from '../store.ts'
import { HPAGE_PMD_NR, max_pfn } from './init.ts'
import { NULL, type Page, page } from './mm_types.ts'
import { page_to_pfn, pfn_to_page } from './pgtable.ts'

/** Nodes that a machine may have. */
export const MAX_NUMNODES = 2
export const NUMA_NO_NODE = -1
export let nr_online_nodes = 1
/** All nodes, a bit for each: node_states[N_MEMORY]. */
export const N_MEMORY = (): number => (1 << nr_online_nodes) - 1
export const nodes_weight = (mask: number): number => (mask & 1) + (mask >> 1)
/** The node of the CPU that runs. */
export const numa_node_id = (): number => 0

/** Free runs of frames, by order, of orders that are neither a base page's nor a huge page's, under the lock. */
export const MAX_ORDER = 24
export const pgdat = {
  lock: 0,
  /** The frame number behind the last that was given out. */
  next_block: 1,
  /** Frames that were given out as gigantic pages, beyond next_block. */
  run_start: 2,
  run_end: 3,
  free_runs: 4,
  SIZE: 4 + MAX_ORDER,
} as const
export let pgdats = 0
export const NODE_DATA = (nid: number): number => pgdats + nid * pgdat.SIZE

/** Frames of a node. */
let spanned = 0

export function init_nodes(nodes: number): void {
  nr_online_nodes = nodes
  const share = max_pfn / nodes
  spanned = share - (share % HPAGE_PMD_NR)
  pgdats = sbrk(nodes * pgdat.SIZE)
  for (let nid = 0; nid < nodes; nid++) wr(NODE_DATA(nid) + pgdat.next_block, nid * spanned)
}

export const page_to_nid = (p: Page): number =>
  nr_online_nodes === 1 ? 0 : Math.min(nr_online_nodes - 1, Math.floor(page_to_pfn(p) / spanned))

/** The `i`-th node to look at who wants memory of `nid`: its zonelist. */
export const zonelist = (nid: number, i: number): number => (nid + i) % nr_online_nodes

/** The struct page of a frame after boot, by its cells. */
const unused: readonly number[] = Array.from({ length: page.SIZE }, (_, cell) => (cell === page._mapcount ? -1 : 0))

/** As many frames as a huge page has that nobody has used, or NULL. Their structs are as after boot. */
export function zoneBlock(nid: number): Page {
  const node = NODE_DATA(nid)
  let pfn = rd(node + pgdat.next_block)
  if (pfn !== 0 && pfn === rd(node + pgdat.run_start)) {
    // Behind the gigantic pages.
    pfn = rd(node + pgdat.run_end)
    wr(node + pgdat.run_start, 0)
    wr(node + pgdat.run_end, 0)
  }
  if (pfn >= (nid + 1) * spanned) return NULL
  wr(node + pgdat.next_block, pfn + HPAGE_PMD_NR)
  const first = pfn_to_page(pfn)
  asAfterBoot(first)
  return first
}

function asAfterBoot(first: Page): void {
  touched(first + HPAGE_PMD_NR * page.SIZE)
  wrRepeat(first, unused, HPAGE_PMD_NR)
}

/**
 * The structs behind a block of zoneBlock that nobody has been given yet are as after boot too: before 66ee95d16a7f
 * page_mapped looks at as many pages as a THP has, also of a huge page that is smaller.
 */
export function lookAhead(block: Page): void {
  const node = NODE_DATA(page_to_nid(block))
  const behind = page_to_pfn(block) + HPAGE_PMD_NR
  const fresh = behind === rd(node + pgdat.next_block) && behind !== rd(node + pgdat.run_start)
  if (fresh && behind < max_pfn) asAfterBoot(pfn_to_page(behind))
}

/**
 * alloc_contig_range, of frames that were never used: gigantic pages lie one behind the other, and what is before the
 * first of them stays for smaller ones. The structs of its tails are not set. Caller holds the node's lock.
 */
export function zoneRun(nid: number, nr: number): Page {
  const node = NODE_DATA(nid)
  const end = rd(node + pgdat.run_end)
  const first = ((end === 0 ? rd(node + pgdat.next_block) : end) + nr - 1) & ~(nr - 1)
  if (first + nr > (nid + 1) * spanned) return NULL
  if (end === 0) wr(node + pgdat.run_start, first)
  wr(node + pgdat.run_end, first + nr)
  const p = pfn_to_page(first)
  touched(p + nr * page.SIZE)
  wrRepeat(p, unused, 1)
  return p
}

// ---- for observers --------------------------------------------------------------------------------------------------

/** Frames that have been given out a huge page at a time: of each node from..to. */
export function* givenOut(): Generator<readonly [from: number, to: number]> {
  for (let nid = 0; nid < nr_online_nodes; nid++) yield [nid * spanned, S[NODE_DATA(nid) + pgdat.next_block]!]
}

/** Frames that have been given out as gigantic pages, likewise. */
export function* givenOutRuns(): Generator<readonly [from: number, to: number]> {
  for (let nid = 0; nid < nr_online_nodes; nid++) {
    const node = NODE_DATA(nid)
    if (S[node + pgdat.run_end] !== 0) yield [S[node + pgdat.run_start]!, S[node + pgdat.run_end]!]
  }
}

/** `zone.lock`, `zone 1.free_runs`: a node has one zone. */
export function zoneCellName(cell: number): string | undefined {
  const nid = Math.floor((cell - pgdats) / pgdat.SIZE)
  if (nid < 0 || nid >= nr_online_nodes) return undefined
  const at = Math.min(cell - NODE_DATA(nid), pgdat.free_runs)
  const [field] = Object.entries(pgdat).find(([, place]) => place === at)!
  return `zone${nid === 0 ? '' : ` ${nid}`}.${field}`
}
