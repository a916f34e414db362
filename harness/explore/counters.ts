// What a machine shows of itself: /proc/meminfo, /proc/vmstat, and the pools of huge pages in sysfs.

import type { Counters } from '../engine.ts'
import { PAGE_SIZE } from '../model/contents.ts'
import { hstates, pages_per_huge_page, readNodePool, readPool } from '../model/mm/hugetlb_hstate.ts'
import type { Hstate } from '../model/mm/mm_types.ts'
import { nr_online_nodes } from '../model/mm/mmzone.ts'
import { readCounters as readProc } from '../model/mm/vmstat.ts'
import { nodePoolKinds, poolCounter, poolFiles } from '../steps/words/hugepage.ts'

const kinds = Object.keys(poolFiles) as (keyof typeof poolFiles)[]
/** The names of the counters of a pool, by base pages in one of its huge pages. */
const names = new Map<number, readonly (readonly [keyof typeof poolFiles, string])[]>()

function namesOf(pages: number): readonly (readonly [keyof typeof poolFiles, string])[] {
  const known = names.get(pages) ?? kinds.map(kind => [kind, poolCounter(pages * PAGE_SIZE, kind)] as const)
  names.set(pages, known)
  return known
}

/** All counters as they stand. */
export function readCounters(): Counters {
  const counters: Record<string, number> = readProc()
  for (const h of hstates) {
    const pool = readPool(h)
    for (const [kind, name] of namesOf(pages_per_huge_page(h))) counters[name] = pool[kind]
    if (nr_online_nodes > 1) addNodes(h, counters)
  }
  return counters
}

function addNodes(h: Hstate, counters: Record<string, number>): void {
  const size = pages_per_huge_page(h) * PAGE_SIZE
  for (let nid = 0; nid < nr_online_nodes; nid++) {
    const pool = readNodePool(h, nid)
    for (const kind of nodePoolKinds) counters[poolCounter(size, kind, nid)] = pool[kind]
  }
}
