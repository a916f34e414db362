// From a page to the entries that map it (mm/rmap.c, v4.5): holding its anon_vma, and
// walking the vmas tied to that.

import { k } from '../kernel.ts'
import { atomic_dec_and_test, atomic_inc_not_zero, READ_ONCE, spin_lock, spin_unlock } from '../ops.ts'
import { rcu_read_lock, rcu_read_unlock } from '../rcu.ts'
import { rd } from '../store.ts'
import {
  type AnonVma,
  anon_vma,
  anon_vma_chain,
  type Mm,
  NULL,
  PAGE_MAPPING_ANON,
  type Page,
  type Pmdp,
  type Ptep,
  page,
  type Vma,
  vm_area,
} from './mm_types.ts'
import { compound_head, compound_order, PageHeadHuge, page_mapped } from './page-flags.ts'
import {
  pmd_offset,
  pointsToTable,
  pte_lockptr,
  pte_offset,
  pte_page,
  pte_present,
  read_pmd,
  read_pte,
} from './pgtable.ts'
import { __put_anon_vma } from './rmap_anon_vma.ts'

/** The PMD of an address where it points to a PTE table, or NULL. */
export function mm_find_pmd(mm: Mm, addr: number): Pmdp {
  const pmd = pmd_offset(mm, addr)
  if (pmd === NULL) return pmd
  return pointsToTable(read_pmd(pmd)) ? pmd : NULL
}

/** include/linux/pagemap.h: where a page stands in the object that it belongs to. Caller holds the page lock. */
export function page_to_pgoff(p: Page): number {
  const head = compound_head(p)
  if (PageHeadHuge(head)) return rd(head + page.index) << compound_order(head)
  return rd(head + page.index) + (p - head) / page.SIZE
}

/** mm/internal.h: where a vma would map the page; it may be outside of the vma. */
export const __vma_address = (pgoff: number, vma: Vma): number =>
  rd(vma + vm_area.vm_start) + pgoff - rd(vma + vm_area.vm_pgoff)

/** The anon_vma that a page's mapping names, or NULL. */
export function page_anon_vma(p: Page): AnonVma {
  const mapping = READ_ONCE(compound_head(p) + page.mapping)
  return (mapping & PAGE_MAPPING_ANON ? mapping - PAGE_MAPPING_ANON : NULL) as AnonVma
}

/**
 * The anon_vma of a page with a reference, or NULL: the page is not mapped any more. RCU keeps the memory an anon_vma,
 * though perhaps another's by now; that the page is still mapped tells that it is ours.
 */
export function page_get_anon_vma(p: Page): AnonVma {
  rcu_read_lock()
  let av = page_anon_vma(p)
  if (av !== NULL && !(page_mapped(p) && atomic_inc_not_zero(av + anon_vma.refcount))) av = NULL
  const lost = av !== NULL && !page_mapped(p)
  rcu_read_unlock()
  if (!lost) return av
  k.put_anon_vma(av)
  return NULL
}

/**
 * The anon_vma of a page, locked for reading, or NULL. The kernel first tries without a reference of its own; once the
 * lock is had both are alike.
 */
export function page_lock_anon_vma_read(p: Page): AnonVma {
  const av = k.page_get_anon_vma(p)
  if (av === NULL) return av
  k.anon_vma_lock_read(av)
  if (!atomic_dec_and_test(av + anon_vma.refcount)) return av
  // Ours was the last one. Who frees it waits for the lock, so not while we hold it.
  k.anon_vma_unlock_read(av)
  __put_anon_vma(av)
  return NULL
}

/** Lets go of what page_lock_anon_vma_read has locked. */
export const page_unlock_anon_vma_read = (av: AnonVma): void => k.anon_vma_unlock_read(av)

/**
 * anon_vma_interval_tree_foreach: the vmas tied to an anon_vma that can map pages first..last of it. Caller holds the
 * anon_vma; `visit` says whether to go on.
 */
export function anon_vma_interval_tree_foreach(
  av: AnonVma,
  first: number,
  last: number,
  visit: (vma: Vma) => boolean,
): void {
  let next = 0
  for (let avc = rd(av + anon_vma.rb_root); avc !== 0; avc = next) {
    next = rd(avc + anon_vma_chain.rb_next)
    const vma = rd(avc + anon_vma_chain.vma) as Vma
    const pgoff = rd(vma + vm_area.vm_pgoff)
    const pages = rd(vma + vm_area.vm_end) - rd(vma + vm_area.vm_start)
    if (pgoff <= last && pgoff + pages > first && !visit(vma)) return
  }
}

/**
 * The PTE that maps the page at `addr`, and its lock, held; undefined: none does. Unless `sync`, the first look is
 * without the lock: an entry that is being taken away is none, although the page still counts its map.
 */
export function page_check_address(
  p: Page,
  mm: Mm,
  addr: number,
  sync = false,
): { pte: Ptep; ptl: number } | undefined {
  const pmd = mm_find_pmd(mm, addr)
  if (pmd === NULL) return undefined
  const table = read_pmd(pmd)
  const pte = pte_offset(table, addr)
  if (!sync && !pte_present(read_pte(pte))) return undefined
  const ptl = pte_lockptr(table)
  spin_lock(ptl)
  // The processor notes accesses in it without the lock.
  const entry = read_pte(pte)
  if (pte_present(entry) && pte_page(entry) === p) return { pte, ptl }
  spin_unlock(ptl)
  return undefined
}
