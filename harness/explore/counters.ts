// What a machine shows of itself: /proc/meminfo, /proc/vmstat, and the pools of huge pages in sysfs.

import type { Counters } from '../engine.ts'
import { PAGE_SIZE } from '../model/contents.ts'
import { hstates, pages_per_huge_page, readPool } from '../model/mm/hugetlb_hstate.ts'
import { readCounters as readProc } from '../model/mm/vmstat.ts'
import { poolCounter, poolFiles } from '../steps/words/hugepage.ts'

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
  }
  return counters
}
