// The truth about swap: the counts of the slots, the cache and the counters, counted again from page tables and from
// the pages that stand for slots.

import { type Mm, mm_struct, type Page, type Pte, page, type Swp } from './mm/mm_types.ts'
import { isOnMmlist } from './mm/mmlist.ts'
import { PG_swapcache, PG_writeback } from './mm/page-flags.ts'
import { page_to_pfn } from './mm/pgtable.ts'
import { swapCachePage, total_swapcache_pages } from './mm/swap_state.ts'
import { get_nr_swap_pages, SWAP_HAS_CACHE, SWAP_MAP_SHMEM, SWP_WRITEOK, swap_info } from './mm/swapfile_map.ts'
import { pte_to_swp_entry } from './mm/swapops.ts'
import { differs } from './recount-compound.ts'
import { S } from './store.ts'

type Add = (anomaly: string, text: string) => void

/** One recount. */
export class SwapTruth {
  readonly #add: Add
  /** How many entries name each slot. */
  readonly #named = new Map<Swp, number>()

  constructor(add: Add) {
    this.#add = add
  }

  /** An entry of a page table that names a slot. */
  count(entry: Pte): void {
    const slot = pte_to_swp_entry(entry)
    this.#named.set(slot, (this.#named.get(slot) ?? 0) + 1)
  }

  /** An exceptional entry of a file of tmpfs that names a slot. */
  countFile(slot: Swp): void {
    this.#named.set(slot, (this.#named.get(slot) ?? 0) + SWAP_MAP_SHMEM)
  }

  /** One address space, of whose page tables so many entries name slots. */
  checkMm(name: string, mm: Mm, entries: number): void {
    const says = S[mm + mm_struct.swap_ents]!
    if (says !== entries) this.#add('counter-drift', differs(`swap entries of ${name}`, says, entries))
    if (entries > 0 && !isOnMmlist(mm)) this.#add('leak', `${name} has swap entries, and swapoff does not look there`)
  }

  /** Every slot, the page that stands for it, and the sums. */
  check(): void {
    let used = 0
    let cached = 0
    for (let slot = 1 as Swp; slot < swap_info.max; slot = (slot + 1) as Swp) {
      const says = S[swap_info.swap_map + slot]!
      const p = swapCachePage(slot)
      if (says !== 0) used++
      if (p !== 0) cached++
      this.#checkSlot(slot, says, p)
    }
    const sum = (what: string, says: number, truth: number): void => {
      if (says !== truth) this.#add('counter-drift', differs(what, says, truth))
    }
    const on = swap_info.max > 0 && (S[swap_info.flags]! & SWP_WRITEOK) !== 0
    sum('SwapFree in pages', get_nr_swap_pages(), on ? swap_info.max - 1 - used : 0)
    sum('slots in use', S[swap_info.inuse_pages]!, used)
    sum('SwapCached in pages', total_swapcache_pages(), cached)
  }

  #checkSlot(slot: Swp, says: number, p: Page): void {
    const named = this.#named.get(slot) ?? 0
    const truth = named + (p === 0 ? 0 : SWAP_HAS_CACHE)
    if (says !== truth)
      this.#add('counter-drift', `slot ${slot} says ${usersText(says)}, the truth is ${usersText(truth)}`)
    if (p === 0) return
    const pfn = page_to_pfn(p)
    if (S[p + page._count] === 0) this.#add('use-after-free', `frame ${pfn} is free, but stands for slot ${slot}`)
    else if (!(S[p + page.flags]! & PG_swapcache) || S[p + page.private] !== slot)
      this.#add('page-corrupted', `frame ${pfn} does not know that it stands for slot ${slot}`)
  }

  /** A page that no slot knows of. */
  checkPage(p: Page, pfn: number): void {
    const flags = S[p + page.flags]!
    if (!(flags & (PG_swapcache | PG_writeback))) return
    if (flags & PG_swapcache && swapCachePage(S[p + page.private] as Swp) !== p)
      this.#add('page-corrupted', `frame ${pfn} stands for slot ${S[p + page.private]}, which does not know`)
    if (flags & PG_writeback && !(flags & PG_swapcache))
      this.#add('page-corrupted', `frame ${pfn} is being written, but has no place in a file or a swap area`)
  }
}

function usersText(map: number): string {
  if (map & SWAP_MAP_SHMEM) return `a file${map & SWAP_HAS_CACHE ? ' and the cache' : ''}`
  const named = map & ~SWAP_HAS_CACHE
  return `${named} entr${named === 1 ? 'y' : 'ies'}${map & SWAP_HAS_CACHE ? ' and the cache' : ''}`
}

/** Slots in use when nobody is left who could use them; swap is off by then. */
export const slotsLeft = (): number => S[swap_info.inuse_pages]!
