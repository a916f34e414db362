// Looking at the model without touching it: which frame an address maps, how a range is mapped, runs of frames.

import type { FramesSeen, RangeSeen } from '../engine.ts'
import { HPAGE_PMD_NR, HPAGE_PMD_ORDER } from '../model/mm/init.ts'
import { type Mm, NULL, type Page, page } from '../model/mm/mm_types.ts'
import {
  page_to_pfn,
  pmd_none,
  pmd_offset,
  pmd_page,
  pmd_trans_huge,
  pte_none,
  pte_offset,
  pte_page,
  read_pmd,
  read_pte,
} from '../model/mm/pgtable.ts'
import { S } from '../model/store.ts'
import { type Named, PAGE } from './world.ts'

/** The frame that an address maps, whatever the access rights; NULL for none. */
export function frameAt(mm: Mm, addr: number): Page {
  const pmdp = pmd_offset(mm, addr)
  if (pmdp === NULL) return NULL
  const pmd = read_pmd(pmdp)
  if (pmd_none(pmd)) return NULL
  if (pmd_trans_huge(pmd)) return (pmd_page(pmd) + (addr & (HPAGE_PMD_NR - 1)) * page.SIZE) as Page
  const pte = read_pte(pte_offset(pmd, addr))
  return pte_none(pte) ? NULL : pte_page(pte)
}

/** Whether a huge PMD maps the address. */
function byPmd(mm: Mm, addr: number): boolean {
  const pmdp = pmd_offset(mm, addr)
  return pmdp !== NULL && pmd_trans_huge(read_pmd(pmdp))
}

type Run = RangeSeen['runs'][number]

/** Runs of consecutive frames mapped alike, offsets in bytes. */
export function mappedRuns(mm: Mm, { addr, size }: Named): Run[] {
  const runs: { -readonly [K in keyof Run]: Run[K] }[] = []
  let pages = 0
  for (let i = 0; i < size / PAGE; i += pages) {
    const huge = byPmd(mm, addr + i)
    const frame = frameAt(mm, addr + i)
    pages = huge ? Math.min(size / PAGE - i, HPAGE_PMD_NR - ((addr + i) & (HPAGE_PMD_NR - 1))) : 1
    const mapped = frame === NULL ? 'none' : huge ? 'pmd' : 'pte'
    const last = runs.at(-1)
    const pfn = frame === NULL ? undefined : page_to_pfn(frame)
    const follows = last?.mapped === mapped && (pfn === undefined || last.pfn! + last.length / PAGE === pfn)
    if (last !== undefined && follows) last.length += pages * PAGE
    else runs.push({ offset: i * PAGE, length: pages * PAGE, mapped, ...(pfn !== undefined && { pfn }) })
  }
  return runs
}

/** Named frames in runs, and whether all of them are free. */
export function seenFrames(name: string, frames: readonly Page[]): FramesSeen {
  const runs: { pfn: number; pages: number }[] = []
  let freed = true
  for (const frame of frames) {
    const pfn = page_to_pfn(frame)
    const last = runs.at(-1)
    if (last !== undefined && last.pfn + last.pages === pfn) last.pages++
    else runs.push({ pfn, pages: 1 })
    const head = S[frame + page.compound_head]! & 1 ? S[frame + page.compound_head]! - 1 : frame
    if (S[head + page._count] !== 0) freed = false
  }
  return { name, runs, freed }
}

/** Whether the whole range is mapped by huge PMDs, or by PTEs of huge pages: `shape`. */
export function hasShape(mm: Mm, { addr, size }: Named, shape: string): boolean {
  for (let a = addr; a < addr + size / PAGE; a++) {
    const frame = frameAt(mm, a)
    if (frame === NULL || byPmd(mm, a) !== (shape === 'pmd')) return false
    if ((S[frame + page.compound_head]! & 1) === 0 && (a >> HPAGE_PMD_ORDER) << HPAGE_PMD_ORDER !== a) return false
    if (shape === 'pmd') a += HPAGE_PMD_NR - 1
  }
  return true
}
