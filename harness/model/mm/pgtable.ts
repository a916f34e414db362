// Page tables: x86's PMD and PTE levels under one directory (arch/x86/include/asm/pgtable.h).
//
// A directory has 512 PMD tables of 512 entries; a PTE table has HPAGE_PMD_NR. An entry is a page frame number
// above eight flag bits. A PMD is none, points to a PTE table, or (PSE) maps a huge page; so does an entry of the
// directory, which stands for the PUD. Each table has a lock of
// its own: split PTE locks, and split PMD locks as from v3.13.
//
// A user's access walks the tables without a lock, so every store to an entry that is visible to it is set_pte or
// set_pmd, and every look from outside the lock READ_ONCE.

import { k } from '../kernel.ts'
import { cmpxchg, READ_ONCE, spin_lock, spin_unlock, WRITE_ONCE } from '../ops.ts'
import { rd, S, wr } from '../store.ts'
import { HPAGE_PMD_NR, HPAGE_PMD_ORDER, mem_map } from './init.ts'
import {
  type Mm,
  mm_struct,
  NULL,
  type Page,
  type Pgtable,
  type Pmd,
  type Pmdp,
  type Pte,
  type Ptep,
  page,
} from './mm_types.ts'
import { type Cache, kmem_cache_alloc, kmem_cache_create, kmem_cache_free } from './slab.ts'

export const PRESENT = 1
export const RW = 2
export const ACCESSED = 4
export const DIRTY = 8
/** The entry maps a huge page. */
export const PSE = 16
export const SOFT_DIRTY = 32
/** Present to the kernel, not to user space (PROT_NONE). */
export const PROTNONE = 64
/** A huge page is being split: to v4.4, see history/thp-refcount. */
export const SPLITTING = 128
export const PFN_SHIFT = 8

const PTRS_ORDER = 9
const PTRS = 1 << PTRS_ORDER
/** A PMD table: its lock, the PTE tables deposited with it, the entries. */
const pmd_table = { lock: 0, huge_pte: 1, pmd: 8, SIZE: 8 + PTRS } as const
/** A PTE table: its lock, the link among deposited tables, the entries. */
const pte_table = { lock: 0, next: 1, pte: 8 } as const

/** Virtual pages below this can be mapped. */
export const task_size = (): number => PTRS * PTRS * HPAGE_PMD_NR

export const page_to_pfn = (p: Page): number => (p - mem_map) >> page.ORDER
export const pfn_to_page = (pfn: number): Page => (mem_map + (pfn << page.ORDER)) as Page

export const pte_pfn = (e: Pte | Pmd): number => e >>> PFN_SHIFT
export const pte_page = (e: Pte | Pmd): Page => pfn_to_page(e >>> PFN_SHIFT)
export const mk_pte = (p: Page, flags: number): Pte => ((page_to_pfn(p) << PFN_SHIFT) | flags) as Pte
export const mk_huge_pmd = (p: Page, flags: number): Pmd => ((page_to_pfn(p) << PFN_SHIFT) | flags | PSE) as Pmd
/** The same, for the frame that lies `n` behind. */
export const pmd_advance_pfn = (e: Pmd, n: number): Pmd => ((e + (n << PFN_SHIFT)) | 0) as Pmd
export const pte_none = (e: Pte): boolean => e === 0
export const pte_present = (e: Pte): boolean => (e & (PRESENT | PROTNONE)) !== 0
/** Neither none nor present: see swapops.ts. */
export const is_swap_pte = (e: Pte): boolean => e !== 0 && !pte_present(e)
export const pte_write = (e: Pte | Pmd): boolean => (e & RW) !== 0
export const pmd_none = (e: Pmd): boolean => e === 0
/** Also where a huge page is being split, so that the processor finds it not present (pmdp_invalidate). */
export const pmd_present = (e: Pmd): boolean => (e & (PRESENT | PROTNONE | PSE)) !== 0
export const pmd_trans_huge = (e: Pmd): boolean => (e & PSE) !== 0
export const pmd_page = pte_page

// ---- walking ---------------------------------------------------------------------------------------------------

const tableOf = (e: Pmd): Pgtable => (e >>> 2) as Pgtable
const mk_table = (t: Pgtable): Pmd => ((t << 2) | PRESENT) as Pmd

/** The directory's cell for an address: it points to a PMD table, or (PSE) maps a huge page of hugetlb. */
export const pud_offset = (mm: Mm, addr: number): Pmdp =>
  (rd(mm + mm_struct.pgd) + ((addr >> HPAGE_PMD_ORDER) >> PTRS_ORDER)) as Pmdp

/** Base pages that an entry of the directory maps, by order. */
export const pudOrder = (): number => HPAGE_PMD_ORDER + PTRS_ORDER

/** An entry that points to a table of the next level; an entry of hugetlb is none, also where it is not present. */
export const pointsToTable = (e: Pmd): boolean => (e & (PRESENT | PSE)) === PRESENT

/** The PMD cell of an address, or NULL where the directory has no table. */
export function pmd_offset(mm: Mm, addr: number): Pmdp {
  const pud = READ_ONCE(pud_offset(mm, addr)) as Pmd
  return (pointsToTable(pud) ? tableOf(pud) + pmd_table.pmd + ((addr >> HPAGE_PMD_ORDER) & (PTRS - 1)) : 0) as Pmdp
}

/** As pmd_offset, making the table. */
export function pmd_alloc(mm: Mm, addr: number): Pmdp {
  const slot = pud_offset(mm, addr)
  if (READ_ONCE(slot) === 0) {
    const table = kmem_cache_alloc(pmd_cachep)
    spin_lock(mm + mm_struct.page_table_lock)
    if (rd(slot) === 0) WRITE_ONCE(slot, mk_table(table as Pgtable))
    else kmem_cache_free(pmd_cachep, table)
    spin_unlock(mm + mm_struct.page_table_lock)
  }
  return pmd_offset(mm, addr)
}

/** The PMD table of an address that has one. */
const pmdTable = (mm: Mm, addr: number): number => tableOf(rd(pud_offset(mm, addr)) as Pmd)

export const pmdTableLock = (mm: Mm, addr: number): number => pmdTable(mm, addr) + pmd_table.lock
export const pmd_lockptr = (mm: Mm, addr: number): number => k.pmd_lockptr(mm, addr)
export const pte_lockptr = (pmd: Pmd): number => tableOf(pmd) + pte_table.lock
export const pte_offset = (pmd: Pmd, addr: number): Ptep =>
  (tableOf(pmd) + pte_table.pte + (addr & (HPAGE_PMD_NR - 1))) as Ptep
/** Entry `i` of a table that no PMD points to yet. */
export const pgtable_pte = (t: Pgtable, i: number): Ptep => (t + pte_table.pte + i) as Ptep

export const read_pmd = (p: Pmdp): Pmd => READ_ONCE(p) as Pmd
export const read_pte = (p: Ptep): Pte => READ_ONCE(p) as Pte
export const set_pmd = (p: Pmdp, e: Pmd): void => WRITE_ONCE(p, e)
export const set_pte = (p: Ptep, e: Pte): void => WRITE_ONCE(p, e)

/**
 * Takes an entry away, with all that the processor has noted in it: it goes on noting accesses until then, whoever
 * holds the lock of the table (ptep_clear_flush). Caller holds that lock, so that only those bits can differ between
 * two looks.
 */
export function ptep_clear_flush(p: Ptep): Pte {
  let entry = read_pte(p)
  for (;;) {
    const found = cmpxchg(p, entry, 0) as Pte
    if (found === entry) return entry
    entry = found
  }
}
/** As ptep_clear_flush, of a huge page. Caller holds the PMD lock. */
export const pmdp_clear_flush = (p: Pmdp): Pmd => ptep_clear_flush(p as number as Ptep) as number as Pmd
export const pmd_populate = (p: Pmdp, t: Pgtable): void => WRITE_ONCE(p, mk_table(t))
export const pmd_pgtable = tableOf

// ---- tables: an empty one is what the cache gives and wants back ---------------------------------------------------

export let pgd_cachep: Cache
export let pmd_cachep: Cache
export let pte_cachep: Cache

export function init_pgtables(): void {
  pgd_cachep = kmem_cache_create('pgd', PTRS)
  pmd_cachep = kmem_cache_create('pmd', pmd_table.SIZE)
  pte_cachep = kmem_cache_create('pgtable', pte_table.pte + HPAGE_PMD_NR)
}

export const pgd_alloc = (): number => kmem_cache_alloc(pgd_cachep)

/** Gives back the directory and the PMD tables; every PTE table has been freed. */
export function pgd_free(pgd: number): void {
  for (let i = 0; i < PTRS; i++) {
    const pud = rd(pgd + i) as Pmd
    if (pud === 0) continue
    kmem_cache_free(pmd_cachep, tableOf(pud))
    wr(pgd + i, 0)
  }
  kmem_cache_free(pgd_cachep, pgd)
}

export const pte_alloc_one = (): Pgtable => kmem_cache_alloc(pte_cachep) as Pgtable
export const pte_free = (t: Pgtable): void => kmem_cache_free(pte_cachep, t)

/** Keeps a PTE table for the day the PMD is split. Caller holds the PMD lock. */
export function pgtable_trans_huge_deposit(mm: Mm, addr: number, t: Pgtable): void {
  const list = pmdTable(mm, addr) + pmd_table.huge_pte
  wr(t + pte_table.next, rd(list))
  wr(list, t)
}

/** Takes a deposited table back. Caller holds the PMD lock. */
export function pgtable_trans_huge_withdraw(mm: Mm, addr: number): Pgtable {
  const list = pmdTable(mm, addr) + pmd_table.huge_pte
  const t = rd(list) as Pgtable
  wr(list, rd(t + pte_table.next))
  wr(t + pte_table.next, NULL)
  return t
}

/**
 * A PMD table that nothing needs any more gives way to an entry of the directory that maps a huge page: the kernel
 * frees such a table with the last vma under it. Caller holds mmap_sem and knows that no other vma is there.
 */
export function freeEmptyPmdTable(mm: Mm, addr: number): void {
  const slot = pud_offset(mm, addr)
  spin_lock(mm + mm_struct.page_table_lock)
  const pud = rd(slot) as Pmd
  if (pointsToTable(pud)) {
    WRITE_ONCE(slot, 0)
    kmem_cache_free(pmd_cachep, tableOf(pud))
  }
  spin_unlock(mm + mm_struct.page_table_lock)
}

// ---- for observers -------------------------------------------------------------------------------------------------

/** Calls `visit` for every PMD of an address space that is not none, with the address it stands for. */
export function forEachPmd(mm: Mm, visit: (addr: number, pmd: Pmd) => void): void {
  const pgd = S[mm + mm_struct.pgd]!
  for (let i = 0; i < PTRS; i++) {
    const pud = S[pgd + i]! as Pmd
    if (!pointsToTable(pud)) continue
    const table = tableOf(pud)
    for (let j = 0; j < PTRS; j++) {
      const pmd = S[table + pmd_table.pmd + j]! as Pmd
      if (pmd !== 0) visit(((i << PTRS_ORDER) + j) << HPAGE_PMD_ORDER, pmd)
    }
  }
}

/** Calls `visit` for every entry of the directory of an address space that maps a huge page. */
export function forEachPud(mm: Mm, visit: (addr: number, pud: Pmd) => void): void {
  const pgd = S[mm + mm_struct.pgd]!
  for (let i = 0; i < PTRS; i++) {
    const pud = S[pgd + i]! as Pmd
    if (pud !== 0 && !pointsToTable(pud)) visit(i << pudOrder(), pud)
  }
}

/** Where the PTEs of the table behind a PMD lie, as many as a huge page has base pages. */
export const firstPte = (pmd: Pmd): number => tableOf(pmd) + pte_table.pte
