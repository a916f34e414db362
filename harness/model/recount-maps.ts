// From the outside in: what the page tables of an address space map, and whether rmap leads back to each place.

import { inode } from './fs/inode.ts'
import { k } from './kernel.ts'
import { HPAGE_PMD_NR, zone } from './mm/init.ts'
import {
  anon_vma,
  anon_vma_chain,
  type Mm,
  mm_struct,
  PAGE_MAPPING_ANON,
  type Page,
  type Pmd,
  type Pte,
  page,
  VM_LOCKED,
  VM_SHARED,
  vm_area,
} from './mm/mm_types.ts'
import { PG_head, PG_locked } from './mm/page-flags.ts'
import {
  firstPte,
  forEachPmd,
  forEachPud,
  page_to_pfn,
  pfn_to_page,
  pmd_trans_huge,
  pointsToTable,
  pte_pfn,
  pte_present,
  pte_write,
} from './mm/pgtable.ts'
import { anon_vma_cachep } from './mm/rmap_anon_vma.ts'
import { isFreed } from './mm/slab.ts'
import { is_hwpoison_entry, is_migration_entry, is_pmd_migration_entry, is_swap_entry } from './mm/swapops.ts'
import { forEachHugePte, hugePages, isHugePte } from './recount-hugetlb.ts'
import { isFilePage } from './recount-shmem.ts'
import type { SwapTruth } from './recount-swap.ts'
import {
  expectSame,
  type Findings,
  gigantic,
  headOf,
  isGigantic,
  locks,
  pmds,
  ptes,
  refs,
  writers,
} from './recount-tally.ts'
import { S } from './store.ts'

/** Counts what one address space maps; returns how often that is the huge zero page. */
export function countMaps(name: string, mm: Mm, swap: SwapTruth, found: Findings): number {
  const reach = new Reach(name, mm, found)
  let rss = 0
  let swapped = 0
  let tables = 0
  let zeroMaps = 0
  let huge = 0
  const hugeReach = new Reach(name, mm, found)
  forEachHugePte(mm, (addr, entry) => {
    huge += countHuge(hugeReach, addr, entry)
  })
  forEachPud(mm, (addr, pud) => {
    if (is_migration_entry(pud as number as Pte)) reach.checkMigration(addr, pte_pfn(pud))
  })
  expectSame(found, 'counter-drift', `base pages of hugetlb in ${name}`, k.hugetlbUsage(mm) ?? huge, huge)
  forEachPmd(mm, (addr, pmd) => {
    if (!pointsToTable(pmd) && (isHugePte(pmd) || is_hwpoison_entry(pmd as number as Pte))) return
    if (is_pmd_migration_entry(pmd)) {
      tables++
      rss += HPAGE_PMD_NR
      reach.check(addr, pmd, HPAGE_PMD_NR)
      reach.checkMigration(addr, pte_pfn(pmd))
      return
    }
    if (!pointsToTable(pmd) && is_migration_entry(pmd as number as Pte)) {
      reach.checkMigration(addr, pte_pfn(pmd))
      return
    }
    tables++
    if (!pmd_trans_huge(pmd)) {
      const { pages, slots } = countTable(pmd, addr, swap, reach)
      rss += pages
      swapped += slots
    } else if (pfn_to_page(pte_pfn(pmd)) === S[zone.huge_zero_page]) {
      zeroMaps++
    } else {
      countPmd(pmd)
      rss += HPAGE_PMD_NR
      if (reach.check(addr, pmd, HPAGE_PMD_NR)) locks[pte_pfn(pmd)]!++
    }
  })
  expectSame(found, 'counter-drift', `anonymous RSS of ${name}`, S[mm + mm_struct.anon_rss]!, rss - reach.shmem)
  expectSame(found, 'counter-drift', `shared RSS of ${name}`, S[mm + mm_struct.shmem_rss]!, reach.shmem)
  swap.checkMm(name, mm, swapped)
  expectSame(found, 'counter-drift', `page tables of ${name}`, S[mm + mm_struct.nr_ptes]!, tables)
  return zeroMaps
}

/** Counts one map of a huge page of hugetlb; returns its base pages. */
function countHuge(reach: Reach, addr: number, entry: Pmd): number {
  const pfn = pte_pfn(entry)
  const nr = hugePages(pfn_to_page(pfn))
  pmds[pfn]!++
  refs[pfn]!++
  if (isGigantic(pfn)) gigantic.push(pfn)
  reach.checkHuge(addr, entry, nr)
  if (pte_write(entry) && !reach.shares()) writers[pfn] = 1
  return nr
}

/** Counts what one PTE table maps: pages other than the zero page, and slots of the swap area. */
function countTable(
  pmd: Pmd,
  addr: number,
  swap: SwapTruth,
  reach: Reach,
): { readonly pages: number; readonly slots: number } {
  const first = firstPte(pmd)
  let pages = 0
  let slots = 0
  for (let i = 0; i < HPAGE_PMD_NR; i++) {
    const pte = S[first + i]! as Pte
    if (pte === 0) continue
    // It stands for no page, and so for no count.
    if (is_hwpoison_entry(pte)) {
      reach.check(addr + i, 0 as Pte, 1)
      continue
    }
    if (is_swap_entry(pte)) {
      reach.check(addr + i, 0 as Pte, 1)
      swap.count(pte)
      slots++
      continue
    }
    const pfn = pte_pfn(pte)
    if (isHugePte(pte as number as Pmd)) continue
    const locked = reach.check(addr + i, pte, 1)
    if (pfn === 0) continue
    pages++
    if (isFilePage(pfn_to_page(pfn))) reach.shmem++
    if (!pte_present(pte)) {
      reach.checkMigration(addr + i, pfn)
      continue
    }
    ptes[pfn]!++
    if (locked && headOf(pfn_to_page(pfn)) === pfn_to_page(pfn) && !(S[pfn_to_page(pfn) + page.flags]! & PG_head))
      locks[pfn]!++
    if (pte_write(pte) && !reach.shares()) writers[pfn] = 1
    refs[page_to_pfn(headOf(pfn_to_page(pfn)))]!++
  }
  return { pages, slots }
}

function countPmd(pmd: Pmd): void {
  const pfn = pte_pfn(pmd)
  pmds[pfn]!++
  refs[pfn]!++
  if (pte_write(pmd)) writers.fill(1, pfn, pfn + HPAGE_PMD_NR)
}

/** Whether each map lies in a vma, and whether a walk from the page's anon_vma would find it there. */
class Reach {
  /** Pages of files that it was told of. */
  shmem = 0
  private vma: number
  private lastAnon = -1
  private linked = false
  private readonly name: string
  private readonly found: Findings

  constructor(name: string, mm: Mm, found: Findings) {
    this.name = name
    this.found = found
    this.vma = S[mm + mm_struct.mmap]!
  }

  /** Returns whether the vma is locked. */
  check(addr: number, entry: Pte | Pmd, pages: number): boolean {
    while (this.vma !== 0 && S[this.vma + vm_area.vm_end]! <= addr) this.enter(S[this.vma + vm_area.vm_next]!)
    if (this.vma === 0 || S[this.vma + vm_area.vm_start]! > addr || S[this.vma + vm_area.vm_end]! < addr + pages) {
      this.found.add('stale-mapping', `${this.name} maps page ${addr} outside every vma`)
      return false
    }
    const locked = (S[this.vma + vm_area.vm_flags]! & VM_LOCKED) !== 0
    const p = pfn_to_page(pte_pfn(entry))
    if (pte_pfn(entry) === 0) return locked
    const head = headOf(p)
    const mapping = S[head + page.mapping]!
    if (mapping !== this.lastAnon) {
      this.lastAnon = mapping
      this.linked = this.leads(mapping)
    }
    const index = S[head + page.index]! + (p - head) / page.SIZE
    const expected = addr - S[this.vma + vm_area.vm_start]! + S[this.vma + vm_area.vm_pgoff]!
    if (this.linked && index === expected) return locked
    this.found.add(
      'unreachable-by-rmap',
      `${this.name} maps frame ${pte_pfn(entry)} at page ${addr}, where its ${isFilePage(head as Page) ? 'file' : 'anon_vma'} does not lead`,
    )
    return locked
  }

  /** Whether the vma is among those that a page of this mapping is looked for in. */
  private leads(mapping: number): boolean {
    if (mapping & PAGE_MAPPING_ANON) return !isFreed(anon_vma_cachep, mapping - 1) && isLinked(mapping - 1, this.vma)
    const file = S[this.vma + vm_area.vm_file]!
    return file !== 0 && mapping === file + inode.i_data
  }

  /**
   * As check, of a huge page of hugetlb: its index counts huge pages, and its mapping may be the file that the vma
   * maps.
   */
  checkHuge(addr: number, entry: Pmd, pages: number): void {
    this.check(addr, 0 as Pte, pages)
    if (this.vma === 0) return
    const head = pfn_to_page(pte_pfn(entry))
    // Before 0fe6e20b9c4c nothing leads from a huge page to who maps it.
    if (k.hugetlbMaps(head) === undefined) return
    const mapping = S[head + page.mapping]!
    const anon = (mapping & PAGE_MAPPING_ANON) !== 0
    const leads = this.leads(mapping)
    const index = (addr - S[this.vma + vm_area.vm_start]! + S[this.vma + vm_area.vm_pgoff]!) / pages
    if (leads && S[head + page.index] === index) return
    this.found.add(
      'unreachable-by-rmap',
      `${this.name} maps frame ${pte_pfn(entry)} at page ${addr}, where its ${anon ? 'anon_vma' : 'file'} does not lead`,
    )
  }

  /** Whether others shall see what is written in the vma that was checked last. */
  shares(): boolean {
    return this.vma !== 0 && (S[this.vma + vm_area.vm_flags]! & VM_SHARED) !== 0
  }

  /** A page that is being split or moved is locked; this entry would never go. */
  checkMigration(addr: number, pfn: number): void {
    if (S[headOf(pfn_to_page(pfn)) + page.flags]! & PG_locked) return
    this.found.add(
      'stuck-migration-entry',
      `${this.name} has a migration entry of frame ${pfn} at page ${addr}, and nobody moves that frame`,
    )
  }

  private enter(vma: number): void {
    this.vma = vma
    this.lastAnon = -1
  }
}

/** Whether an avc ties the anon_vma to the vma. The walk is bounded: memory may be corrupt. */
function isLinked(av: number, vma: number): boolean {
  let steps = 1 << 16
  for (let avc = S[av + anon_vma.rb_root]!; avc > 0 && steps > 0; avc = S[avc + anon_vma_chain.rb_next]!, steps--) {
    if (S[avc + anon_vma_chain.vma] === vma) return true
  }
  return false
}
