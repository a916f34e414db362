// Looking at the model without touching it: which frame an address maps, how a range is mapped, runs of frames.

import type { FramesSeen, RangeSeen } from '../engine.ts'
import { PAGE_SIZE as PAGE } from '../model/contents.ts'
import { HPAGE_PMD_NR } from '../model/mm/init.ts'
import { type Mm, mm_struct, NULL, type Page, type Pmd, type Pte, page, vm_area } from '../model/mm/mm_types.ts'
import { PG_head, PG_swapcache } from '../model/mm/page-flags.ts'
import {
  page_to_pfn,
  pmd_none,
  pmd_offset,
  pmd_page,
  pointsToTable,
  pte_none,
  pte_offset,
  pte_page,
  pte_write,
  pud_offset,
  pudOrder,
  read_pmd,
  read_pte,
} from '../model/mm/pgtable.ts'
import { swapCachePage } from '../model/mm/swap_state.ts'
import {
  is_hwpoison_entry,
  is_migration_entry,
  is_pmd_migration_entry,
  is_swap_entry,
  pte_to_swp_entry,
} from '../model/mm/swapops.ts'
import { S } from '../model/store.ts'

/** A named range: the same addresses, in base pages, in every process that has it. */
export interface Named {
  readonly addr: number
  /** In bytes. */
  size: number
}

/** What an address maps, whatever the access rights: `pages` consecutive frames from `frame` (NULL: nothing) on. */
export interface Mapped {
  readonly frame: Page
  readonly pages: number
  readonly by: 'none' | 'pte' | 'pmd' | 'swap' | 'migration' | 'hwpoison'
  readonly writable?: boolean | undefined
}

const nothing: Mapped = { frame: NULL, pages: 1, by: 'none' }

export function mapAt(mm: Mm, addr: number): Mapped {
  const pmdp = pmd_offset(mm, addr)
  // Where there is no PMD, an entry of the directory may map a huge page of hugetlb.
  const e = read_pmd(pmdp === NULL ? pud_offset(mm, addr) : pmdp)
  if (pmd_none(e)) return nothing
  if (!pointsToTable(e)) return mapHuge(e, addr, pmdp === NULL ? 1 << pudOrder() : HPAGE_PMD_NR)
  const pte = read_pte(pte_offset(e, addr))
  if (is_migration_entry(pte)) return { frame: NULL, pages: 1, by: 'migration' }
  if (is_hwpoison_entry(pte)) return { frame: NULL, pages: 1, by: 'hwpoison' }
  if (is_swap_entry(pte)) return { frame: NULL, pages: 1, by: 'swap' }
  return pte_none(pte) ? nothing : { frame: pte_page(pte), pages: 1, by: 'pte', writable: pte_write(pte) }
}

/** The page that stands in the swap cache for what an address has swapped out, or NULL. */
export function cachedAt(mm: Mm, addr: number): Page {
  const pmd = pmd_offset(mm, addr)
  const table = pmd === NULL ? (0 as Pmd) : read_pmd(pmd)
  if (!pointsToTable(table)) return NULL
  const pte = read_pte(pte_offset(table, addr))
  return is_swap_entry(pte) ? swapCachePage(pte_to_swp_entry(pte)) : NULL
}

function mapHuge(e: Pmd, addr: number, nr: number): Mapped {
  const i = addr & (nr - 1)
  const pages = nr - i
  if (is_hwpoison_entry(e as number as Pte)) return { frame: NULL, pages, by: 'hwpoison' }
  if (is_pmd_migration_entry(e) || is_migration_entry(e as number as Pte))
    return { frame: NULL, pages, by: 'migration' }
  return { frame: (pmd_page(e) + i * page.SIZE) as Page, pages, by: 'pmd', writable: pte_write(e) }
}

/** The frames that consecutive addresses map; undefined: one of them maps none. */
export function framesAt(mm: Mm, addr: number, pages: number): Page[] | undefined {
  const frames: Page[] = []
  while (frames.length < pages) {
    const { frame, pages: most } = mapAt(mm, addr + frames.length)
    if (frame === NULL) return undefined
    const n = Math.min(most, pages - frames.length)
    for (let i = 0; i < n; i++) frames.push((frame + i * page.SIZE) as Page)
  }
  return frames
}

type Run = RangeSeen['runs'][number]

/** Runs of consecutive frames mapped alike, offsets in bytes. */
export function mappedRuns(mm: Mm, { addr, size }: Named): Run[] {
  const runs: { -readonly [K in keyof Run]: Run[K] }[] = []
  let pages = 0
  for (let i = 0; i < size / PAGE; i += pages) {
    const { frame, by: mapped, pages: most, writable } = mapAt(mm, addr + i)
    pages = Math.min(size / PAGE - i, most)
    const last = runs.at(-1)
    const pfn = frame === NULL ? undefined : page_to_pfn(frame)
    const isAlike = last?.mapped === mapped && last.writable === writable
    const follows = isAlike && (pfn === undefined || last.pfn! + last.length / PAGE === pfn)
    if (last !== undefined && follows) last.length += pages * PAGE
    else runs.push({ offset: i * PAGE, length: pages * PAGE, mapped, ...(pfn !== undefined && { pfn, writable }) })
  }
  return runs
}

/** The anon_vma of the vma at a range's start, if there is one. */
export function anonVmaAt(mm: Mm, { addr }: Named): Pick<RangeSeen, 'anon_vma'> {
  for (let vma = S[mm + mm_struct.mmap]!; vma !== NULL; vma = S[vma + vm_area.vm_next]!) {
    if (addr >= S[vma + vm_area.vm_end]!) continue
    const of = S[vma + vm_area.anon_vma]!
    return addr >= S[vma + vm_area.vm_start]! && of !== NULL ? { anon_vma: of } : {}
  }
  return {}
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

/**
 * Whether the whole range is mapped by huge PMDs, or by PTEs of huge pages; is swapped out, or mapped by pages that the
 * swap cache has: `shape`.
 */
export function hasShape(mm: Mm, { addr, size }: Named, shape: string): boolean {
  if (shape === 'swap' || shape === 'swapcache') {
    for (let a = addr; a < addr + size / PAGE; a++) {
      const { frame, by } = mapAt(mm, a)
      if (shape === 'swap' ? by !== 'swap' : frame === NULL || (S[frame + page.flags]! & PG_swapcache) === 0)
        return false
    }
    return true
  }
  for (let a = addr, pages = 0; a < addr + size / PAGE; a += pages) {
    const { frame, by, pages: most } = mapAt(mm, a)
    pages = most
    if (by !== shape || !isPartOfHugePage(frame)) return false
  }
  return true
}

const isPartOfHugePage = (frame: Page): boolean =>
  (S[frame + page.compound_head]! & 1) !== 0 || (S[frame + page.flags]! & PG_head) !== 0
