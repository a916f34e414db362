// The struct pages behind ranges and named frames, neighbours that stand alike in one.

import type { FramesSeen, RangeSeen, StructPages } from '../engine.ts'
import { PAGE_SIZE } from '../model/contents.ts'
import { k } from '../model/kernel.ts'
import { PAGE_MAPPING_ANON, type Page, page } from '../model/mm/mm_types.ts'
import { PG_double_map, PG_head, PG_hugetlb, PG_private } from '../model/mm/page-flags.ts'
import { page_to_pfn, pfn_to_page } from '../model/mm/pgtable.ts'
import { anon_vma_cachep } from '../model/mm/rmap_anon_vma.ts'
import { isFreed, objectAt } from '../model/mm/slab.ts'
import { S } from '../model/store.ts'
import { flagText } from './labels.ts'

export function structPages(ranges: readonly RangeSeen[], frames: readonly FramesSeen[]): StructPages[] {
  const found: StructPages[] = []
  for (const [first, end] of spansOf(ranges, frames)) {
    for (let pfn = first; pfn < end; ) {
      const p = pfn_to_page(pfn)
      let pages = 1
      while (pfn + pages < end && areAlike(p, pfn_to_page(pfn + pages))) pages++
      found.push({ pfn, pages, ...stateOf(p) })
      pfn += pages
    }
  }
  return found
}

type Span = [first: number, end: number]

/** Numbers of frames, in order, none twice; with tails their head. */
function spansOf(ranges: readonly RangeSeen[], frames: readonly FramesSeen[]): Span[] {
  const spans: Span[] = []
  const add = (pfn: number, pages: number) => {
    spans.push([pfn, pfn + pages])
    const p = pfn_to_page(pfn)
    if (isTail(p)) spans.push([headOf(p), headOf(p) + 1])
  }
  for (const { pfn, length } of ranges.flatMap(({ runs }) => runs)) if (pfn !== undefined) add(pfn, length / PAGE_SIZE)
  for (const { pfn, pages } of frames.flatMap(({ runs }) => runs)) add(pfn, pages)
  const joined: Span[] = []
  for (const [first, end] of spans.sort(([a], [b]) => a - b)) {
    const last = joined.at(-1)
    if (last !== undefined && first <= last[1]) last[1] = Math.max(last[1], end)
    else joined.push([first, end])
  }
  return joined
}

const isTail = (p: Page): boolean => (S[p + page.compound_head]! & 1) !== 0
const headOf = (p: Page): number => page_to_pfn((S[p + page.compound_head]! - 1) as Page)

/** Of a tail other things lie over the mapping. */
const mappingOf = (p: Page): number => (isTail(p) ? 0 : S[p + page.mapping]!)

function areAlike(a: Page, b: Page): boolean {
  const fields = [page._count, page._mapcount, page.compound_head]
  return flagsOf(a) === flagsOf(b) && fields.every(at => S[a + at] === S[b + at]) && mappingOf(a) === mappingOf(b)
}

/** What the first tail keeps for the whole page. */
const ofHead = PG_double_map | PG_hugetlb
/** And a flag of its own, by which hugetlb knows pages in use (page_huge_active of mm/hugetlb.c). */
const ofTail = ofHead | PG_private

function flagsOf(p: Page): number {
  const own = S[p + page.flags]!
  if (isTail(p)) return own & ~ofTail
  return own & PG_head ? own | (S[p + page.SIZE + page.flags]! & ofHead) : own
}

function stateOf(p: Page): Omit<StructPages, 'pfn' | 'pages'> {
  const words = [isTail(p) ? 'tail' : '', flagText(flagsOf(p))].filter(word => word !== '')
  const mapping = mappingFor(mappingOf(p))
  const counts = { count: S[p + page._count]!, mapcount: k.page_mapcount(p) }
  return { flags: words.join(' '), ...counts, ...(mapping !== undefined && { mapping }) }
}

function mappingFor(mapping: number): StructPages['mapping'] {
  if (mapping === 0) return undefined
  const of = mapping & ~PAGE_MAPPING_ANON
  if (mapping === of) return { kind: 'file', of }
  // HUGETLB_POISON looks like an anon_vma, and is none.
  if (objectAt(of)?.name !== 'anon_vma') return { kind: 'poison', of }
  return { kind: 'anon_vma', of, ...(isFreed(anon_vma_cachep, of) && { freed: true }) }
}
