// What page tables, pins, pagevecs and caches say of each frame, collected by one recount of the truth and compared by
// it with what the frames say themselves.

import type { Finding } from '../engine.ts'
import { type Page, page } from './mm/mm_types.ts'
import { givenOut, givenOutRuns } from './mm/mmzone.ts'
import { freeRuns } from './mm/page_alloc.ts'
import { page_to_pfn, pfn_to_page } from './mm/pgtable.ts'
import { differs } from './recount-compound.ts'
import { S } from './store.ts'

/** Findings of one kind beyond this are not told. */
const ENOUGH = 3

/** What page tables, pins and pagevecs say of each frame; rebuilt for each recount. */
export let ptes = new Int32Array(0)
export let pmds = new Int32Array(0)
export let refs = new Int32Array(0)
export let tailPins = new Int32Array(0)
export let locks = new Int32Array(0)
export let writers = new Uint8Array(0)
/** Heads of gigantic pages of which something was said. */
export let gigantic: number[] = []

/** Frames from..to that have been given out: a huge page at a time, and as gigantic pages. */
export let blocks: Spans = []
export let runs: Spans = []
type Spans = readonly (readonly [from: number, to: number])[]

/** Everything is counted anew. */
export function clear(): void {
  for (const pfn of gigantic) pmds[pfn] = refs[pfn] = writers[pfn] = 0
  gigantic = []
  blocks = [...givenOut()]
  runs = [...givenOutRuns()]
  const end = Math.max(...[...blocks, ...runs].map(([, to]) => to))
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
  for (const [from, to] of blocks)
    for (const counts of [ptes, pmds, refs, tailPins, locks, writers]) counts.fill(0, from, to)
}

/** Whether a frame was given out as part of a gigantic page. */
export function isGigantic(pfn: number): boolean {
  for (const [from, to] of runs) if (pfn >= from && pfn < to) return true
  return false
}

/** Collects findings, the first few of each kind. */
export class Findings {
  readonly list: Finding[] = []
  private readonly seen = new Map<string, number>()

  add(anomaly: string, text: string): void {
    const n = (this.seen.get(anomaly) ?? 0) + 1
    this.seen.set(anomaly, n)
    if (n <= ENOUGH) this.list.push({ anomaly, text })
  }
}

/** The head of a compound page, or the page itself. */
export const headOf = (p: number): Page => (S[p + page.compound_head]! & 1 ? S[p + page.compound_head]! - 1 : p) as Page

/** One reference of a frame, which its head holds. */
export function countReference(p: Page): void {
  if (p === pfn_to_page(0)) return
  const head = headOf(p)
  refs[page_to_pfn(head)]!++
  if (isGigantic(page_to_pfn(head))) gigantic.push(page_to_pfn(head))
  else if (p !== head) tailPins[page_to_pfn(p)]!++
}

/** What is done with a frame; returns how many it has dealt with. `nr`: so many are free as one run. */
type Visit = (p: Page, pfn: number, nr: number) => number

/**
 * Calls `visit` for the frames that have been given out, but not for those that nothing is said of and that say
 * nothing.
 */
export function forEachFrame(visit: Visit): void {
  for (const [from, to] of blocks)
    for (let pfn = Math.max(from, 1); pfn < to; ) pfn += isSilent(pfn) ? 1 : visit(pfn_to_page(pfn), pfn, 1)
  forEachOfRuns(visit)
}

/** Likewise, for all that have been given out as gigantic pages. */
export function forEachOfRuns(visit: Visit): void {
  if (runs.length === 0) return
  const free = new Map(freeRuns())
  for (const [from, to] of runs)
    for (let pfn = from; pfn < to; ) pfn += visit(pfn_to_page(pfn), pfn, 1 << (free.get(pfn) ?? 0))
}

/** Whether a frame is free, says so, and nobody has said that he uses it. */
function isSilent(pfn: number): boolean {
  const p = pfn_to_page(pfn)
  const says = S[p + page.flags]! | S[p + page._count]! | ~S[p + page._mapcount]! | S[p + page.mapping]!
  return (says | ptes[pfn]! | refs[pfn]! | locks[pfn]!) === 0
}

/** A finding where a count is not what was counted. */
export function expectSame(found: Findings, anomaly: string, what: string, is: number, expected: number): void {
  if (is !== expected) found.add(anomaly, differs(what, is, expected))
}
