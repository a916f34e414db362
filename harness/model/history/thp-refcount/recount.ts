// What the recount expects of a compound page in the old scheme: PMDs in the head's map count, a tail's pins in its
// own, no PTEs at all, and nothing else in a tail.

import { HPAGE_PMD_NR } from '../../mm/init.ts'
import { type Page, page } from '../../mm/mm_types.ts'
import { countersOfOthers as countersOfOthers_4_5 } from '../../mm/vmstat.ts'
import { differs, recountCompound as recountCompound_4_5, type Seen } from '../../recount-compound.ts'
import { S } from '../../store.ts'
import type { Changes } from '../patch.ts'

function recountCompound(head: Page, pfn: number, seen: Seen): number {
  const maps = seen.pmds[pfn]!
  for (let i = 0, p: number = head; i < HPAGE_PMD_NR; i++, p += page.SIZE) {
    const expected = i === 0 ? maps : seen.tailPins[pfn + i]!
    const says = S[p + page._mapcount]! + 1
    const what = i === 0 ? 'mapcount of frame' : 'pins, in its mapcount, of tail'
    if (says !== expected) seen.add('mapcount-mismatch', differs(`${what} ${pfn + i}`, says, expected))
    if (seen.ptes[pfn + i] !== 0) seen.add('mapcount-mismatch', `frame ${pfn + i} of a huge page is mapped by a PTE`)
    if (maps > 1) seen.shared(pfn + i, maps)
    const touched = S[p + page._count]! | (S[p + page.compound_head]! ^ (head + 1)) | S[p + page.mapping]!
    if (i > 0 && touched !== 0) seen.add('page-corrupted', `tail ${i} of frame ${pfn} was written to`)
  }
  return maps > 0 ? HPAGE_PMD_NR : 0
}

export const countersOfOthers = (): readonly string[] => ['thp_split_page', 'thp_split_page_failed', 'thp_split_pmd']

export const changes: Changes = {
  recountCompound: { before: recountCompound, after: recountCompound_4_5 },
  countersOfOthers: { before: countersOfOthers, after: countersOfOthers_4_5 },
}
