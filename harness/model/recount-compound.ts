// What truth.ts expects of a compound page: where its maps and pins are counted differs from release to release, so
// the function stands behind `k`. This is v4.5's: PMDs are counted in the head, PTEs in each page, pins nowhere apart.

import { HPAGE_PMD_NR } from './mm/init.ts'
import { type Page, page, TAIL_MAPPING, tail } from './mm/mm_types.ts'
import { PG_double_map } from './mm/page-flags.ts'
import { S } from './store.ts'

/** What page tables and pins say of each frame, by its number. */
export interface Seen {
  readonly ptes: Int32Array
  readonly pmds: Int32Array
  /** References of a tail that are counted as the tail's own. */
  readonly tailPins: Int32Array
  add(anomaly: string, text: string): void
  /** The frame is mapped more than once. */
  shared(pfn: number, maps: number): void
}

/** Compares maps with what a compound page says of them; returns how many of its base pages are mapped. */
export function recountCompound(p: Page, pfn: number, seen: Seen): number {
  const whole = seen.pmds[pfn]!
  const says = S[p + tail.compound_mapcount]! + 1
  if (says !== whole) seen.add('mapcount-mismatch', differs(`compound mapcount of frame ${pfn}`, says, whole))
  const doubled = S[p + page.SIZE + page.flags]! & PG_double_map ? 1 : 0
  if (doubled && whole === 0) seen.add('mapcount-mismatch', `frame ${pfn} is DoubleMap, but no PMD maps it`)
  let wrong = 0
  let mapped = 0
  let most = 0
  for (let i = 0, own = p + page._mapcount; i < HPAGE_PMD_NR; i++, own += page.SIZE) {
    const maps = seen.ptes[pfn + i]!
    wrong |= (S[own]! + 1 - doubled) ^ maps
    if (maps === 0) continue
    mapped++
    most = Math.max(most, maps)
  }
  if (wrong !== 0 || whole + most > 1) checkParts(p, pfn, whole, doubled, seen)
  checkTails(p, pfn, seen)
  return whole > 0 ? HPAGE_PMD_NR : mapped
}

/** Where something is wrong, or could be: page by page. */
function checkParts(p: Page, pfn: number, whole: number, doubled: number, seen: Seen): void {
  for (let i = 0; i < HPAGE_PMD_NR; i++) {
    const maps = seen.ptes[pfn + i]!
    const own = S[p + i * page.SIZE + page._mapcount]! + 1 - doubled
    if (own !== maps) seen.add('mapcount-mismatch', differs(`mapcount of frame ${pfn + i} by PTE`, own, maps))
    if (whole + maps > 1) seen.shared(pfn + i, whole + maps)
  }
}

/** What no operation may write to: a tail's reference count, its way to the head, the poison in its mapping. */
function checkTails(head: Page, pfn: number, seen: Seen): void {
  for (let i = 1, sub: number = head + page.SIZE; i < HPAGE_PMD_NR; i++, sub += page.SIZE) {
    const touched = S[sub + page._count]! | (S[sub + page.compound_head]! ^ (head + 1))
    const poison = i < 3 ? TAIL_MAPPING : S[sub + page.mapping]!
    if (touched !== 0 || poison !== TAIL_MAPPING) seen.add('page-corrupted', `tail ${i} of frame ${pfn} was written to`)
  }
}

/** The words in which every count is told. */
export const differs = (what: string, is: number, expected: number): string =>
  `${what}: the kernel says ${is}, the recount ${expected}`
