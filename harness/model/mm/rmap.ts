// Reverse mapping of anonymous pages (mm/rmap.c, v4.5): who may map a page, and how often it is mapped.
//
// An anon_vma belongs to a family of vmas; chains (avc) tie each vma to the anon_vmas of its ancestors, so that
// pages from before a fork are found in the children. Counts change under the page table lock of the entry.

import { BUG_ON } from '../bug.ts'
import { k } from '../kernel.ts'
import {
  atomic_add_negative,
  atomic_dec_and_test,
  atomic_inc,
  atomic_inc_and_test,
  atomic_set,
  down_read,
  down_write,
  might_sleep,
  READ_ONCE,
  spin_lock,
  spin_unlock,
  up_read,
  up_write,
  WRITE_ONCE,
} from '../ops.ts'
import { rd, wr } from '../store.ts'
import { hstate_vma, is_vm_hugetlb_page } from './hugetlb_hstate.ts'
import { vma_hugecache_offset } from './hugetlb_resv.ts'
import { debug_vm, HPAGE_PMD_NR } from './init.ts'
import {
  type AnonVma,
  type Avc,
  anon_vma,
  anon_vma_chain,
  mm_struct,
  NULL,
  PAGE_MAPPING_ANON,
  type Page,
  page,
  type Vma,
  vm_area,
} from './mm_types.ts'
import {
  _mapcount,
  compound_head,
  compound_mapcount_ptr,
  PageAnon,
  PageLocked,
  PageMlocked,
  PageTransCompound,
  PageTransHuge,
  SetPageSwapBacked,
  subpage,
  TestClearPageDoubleMap,
  VM_BUG_ON_PAGE,
  VM_BUG_ON_VMA,
} from './page-flags.ts'
import {
  type Cache,
  kmem_cache_alloc,
  kmem_cache_create_poisoned,
  kmem_cache_create_rcu,
  kmem_cache_free,
  kmem_cache_zalloc,
} from './slab.ts'
import { mod_zone_page_state, NR_ANON_PAGES, NR_ANON_TRANSPARENT_HUGEPAGES } from './vmstat.ts'

export let anon_vma_cachep: Cache
export let anon_vma_chain_cachep: Cache

export function anon_vma_init(): void {
  anon_vma_cachep = kmem_cache_create_rcu('anon_vma')
  anon_vma_chain_cachep = kmem_cache_create_poisoned('anon_vma_chain', anon_vma_chain.SIZE)
}

export const anon_vma_root = (av: AnonVma): AnonVma => rd(av + anon_vma.root) as AnonVma
const rootOf = anon_vma_root
/** The lock of a whole family lies in its root. */
export const anon_vma_lock_write = (av: AnonVma): void => down_write(rootOf(av) + anon_vma.rwsem)
export const anon_vma_unlock_write = (av: AnonVma): void => up_write(rootOf(av) + anon_vma.rwsem)
export const anon_vma_lock_read = (av: AnonVma): void => down_read(rootOf(av) + anon_vma.rwsem)
export const anon_vma_unlock_read = (av: AnonVma): void => up_read(rootOf(av) + anon_vma.rwsem)

/** The anon_vma of pages that are not this vma's alone. */
export const oldestAnonVma = (vma: Vma): AnonVma => rootOf(rd(vma + vm_area.anon_vma) as AnonVma)

/** A new root, its own parent; degree 1 stands for the vma to come. */
export function anon_vma_alloc(): AnonVma {
  const av = kmem_cache_alloc(anon_vma_cachep) as AnonVma
  // Whoever found the one that it was before may still ask for a reference.
  atomic_set(av + anon_vma.refcount, 1)
  wr(av + anon_vma.degree, 1)
  wr(av + anon_vma.parent, av)
  wr(av + anon_vma.root, av)
  return av
}

export const get_anon_vma = (av: AnonVma): void => atomic_inc(av + anon_vma.refcount)

/**
 * Nobody has a reference, but page_lock_anon_vma_read may have the lock still, and lets go of it soon. (That the kernel
 * first looks whether it is locked changes nothing.) May sleep.
 */
export function anon_vma_free(av: AnonVma): void {
  k.anon_vma_lock_write(av)
  k.anon_vma_unlock_write(av)
  kmem_cache_free(anon_vma_cachep, av)
}

/** Drops a reference; the last one frees it, and then perhaps its root. May sleep. */
export function put_anon_vma(av: AnonVma): void {
  if (atomic_dec_and_test(av + anon_vma.refcount)) __put_anon_vma(av)
}

export function __put_anon_vma(av: AnonVma): void {
  const root = rootOf(av)
  k.anon_vma_free(av)
  if (root !== av && atomic_dec_and_test(root + anon_vma.refcount)) k.anon_vma_free(root)
}

/**
 * Puts the chain entry first in the vma's list and last in the anon_vma's: a walk that meets a page table while mremap
 * moves it must see the old place first. Caller holds the anon_vma for writing.
 */
export function anon_vma_chain_link(vma: Vma, avc: Avc, av: AnonVma): void {
  wr(avc + anon_vma_chain.vma, vma)
  wr(avc + anon_vma_chain.anon_vma, av)
  const newest = rd(vma + vm_area.avc_first)
  wr(avc + anon_vma_chain.older, newest)
  if (newest !== 0) wr(newest + anon_vma_chain.newer, avc)
  else wr(vma + vm_area.avc_last, avc)
  wr(vma + vm_area.avc_first, avc)
  const last = rd(av + anon_vma.rb_last)
  wr(avc + anon_vma_chain.rb_prev, last)
  wr(last === 0 ? av + anon_vma.rb_root : last + anon_vma_chain.rb_next, avc)
  wr(av + anon_vma.rb_last, avc)
}

/** Takes the chain entry out of the anon_vma's list. Caller holds the anon_vma for writing. */
export function anon_vma_interval_tree_remove(avc: Avc, av: AnonVma): void {
  const next = rd(avc + anon_vma_chain.rb_next)
  const prev = rd(avc + anon_vma_chain.rb_prev)
  wr(next === 0 ? av + anon_vma.rb_last : next + anon_vma_chain.rb_prev, prev)
  wr(prev === 0 ? av + anon_vma.rb_root : prev + anon_vma_chain.rb_next, next)
}

/**
 * Gives the vma an anon_vma before its first anonymous page. 0; -ENOMEM is no answer of ours, for objects never run out.
 * May sleep; takes the anon_vma, then page_table_lock.
 */
export function anon_vma_prepare(vma: Vma): number {
  might_sleep()
  // Two faults may be here at once, with mmap_sem held for reading.
  if (READ_ONCE(vma + vm_area.anon_vma) !== 0) return 0
  const mm = rd(vma + vm_area.vm_mm)
  const avc = kmem_cache_zalloc(anon_vma_chain_cachep) as Avc
  let av = k.find_mergeable_anon_vma(vma)
  let allocated = NULL as AnonVma
  if (av === NULL) {
    av = k.anon_vma_alloc()
    allocated = av
  }
  k.anon_vma_lock_write(av)
  spin_lock(mm + mm_struct.page_table_lock)
  const mine = rd(vma + vm_area.anon_vma) === 0
  if (mine) {
    WRITE_ONCE(vma + vm_area.anon_vma, av)
    anon_vma_chain_link(vma, avc, av)
    wr(av + anon_vma.degree, rd(av + anon_vma.degree) + 1)
  }
  spin_unlock(mm + mm_struct.page_table_lock)
  k.anon_vma_unlock_write(av)
  if (!mine) {
    if (allocated !== NULL) k.put_anon_vma(allocated)
    kmem_cache_free(anon_vma_chain_cachep, avc)
  }
  return 0
}

/** Takes the lock of the family of `av`, unless it is `held` already. Returns the root whose lock is held then. */
export function lock_anon_vma_root(held: AnonVma, av: AnonVma): AnonVma {
  const root = rootOf(av)
  if (root === held) return root
  unlock_anon_vma_root(held)
  k.anon_vma_lock_write(root)
  return root
}

export function unlock_anon_vma_root(held: AnonVma): void {
  if (held !== NULL) k.anon_vma_unlock_write(held)
}

/**
 * Ties `dst` to all anon_vmas of `src`, oldest first. An anon_vma with no vma and one child is reused as dst's own
 * (7a3ef208e662). Caller holds mmap_sem for writing.
 */
export function anon_vma_clone(dst: Vma, src: Vma): void {
  let root: AnonVma = NULL
  for (let pavc = rd(src + vm_area.avc_last); pavc !== 0; pavc = rd(pavc + anon_vma_chain.newer)) {
    const avc = kmem_cache_zalloc(anon_vma_chain_cachep) as Avc
    const av = rd(pavc + anon_vma_chain.anon_vma) as AnonVma
    root = lock_anon_vma_root(root, av)
    anon_vma_chain_link(dst, avc, av)
    if (rd(dst + vm_area.anon_vma) === 0 && av !== rd(src + vm_area.anon_vma) && rd(av + anon_vma.degree) < 2)
      wr(dst + vm_area.anon_vma, av)
  }
  const own = rd(dst + vm_area.anon_vma)
  if (own !== 0) wr(own + anon_vma.degree, rd(own + anon_vma.degree) + 1)
  unlock_anon_vma_root(root)
}

/** Ties a child's vma to its parent's anon_vmas, and gives it one of its own for the pages it will copy. */
export function anon_vma_fork(vma: Vma, pvma: Vma): void {
  const parent = rd(pvma + vm_area.anon_vma) as AnonVma
  if (parent === NULL) return
  wr(vma + vm_area.anon_vma, 0)
  k.anon_vma_clone(vma, pvma)
  if (rd(vma + vm_area.anon_vma) !== 0) return
  const av = k.anon_vma_alloc()
  const avc = kmem_cache_zalloc(anon_vma_chain_cachep) as Avc
  wr(av + anon_vma.root, rootOf(parent))
  wr(av + anon_vma.parent, parent)
  k.get_anon_vma(rootOf(parent))
  wr(vma + vm_area.anon_vma, av)
  k.anon_vma_lock_write(av)
  anon_vma_chain_link(vma, avc, av)
  wr(parent + anon_vma.degree, rd(parent + anon_vma.degree) + 1)
  k.anon_vma_unlock_write(av)
}

/** Unties a vma that is going away; anon_vmas without vmas are freed, newest first so that the root goes last. */
export function unlink_anon_vmas(vma: Vma): void {
  const empty: Avc[] = []
  let root: AnonVma = NULL
  let next = 0
  for (let avc = rd(vma + vm_area.avc_first); avc !== 0; avc = next) {
    next = rd(avc + anon_vma_chain.older)
    const av = rd(avc + anon_vma_chain.anon_vma) as AnonVma
    root = lock_anon_vma_root(root, av)
    anon_vma_interval_tree_remove(avc as Avc, av)
    const gone = rd(av + anon_vma.rb_root) === 0
    if (gone) {
      const parent = rd(av + anon_vma.parent)
      wr(parent + anon_vma.degree, rd(parent + anon_vma.degree) - 1)
      empty.push(avc as Avc)
    } else kmem_cache_free(anon_vma_chain_cachep, avc)
  }
  const own = rd(vma + vm_area.anon_vma)
  if (own !== 0) wr(own + anon_vma.degree, rd(own + anon_vma.degree) - 1)
  unlock_anon_vma_root(root)
  for (const avc of empty) {
    const av = rd(avc + anon_vma_chain.anon_vma) as AnonVma
    BUG_ON(rd(av + anon_vma.degree) !== 0, 'anon_vma->degree')
    k.put_anon_vma(av)
    kmem_cache_free(anon_vma_chain_cachep, avc)
  }
  wr(vma + vm_area.avc_first, 0)
  wr(vma + vm_area.avc_last, 0)
}

// ---- mapcounts -------------------------------------------------------------------------------------------------

/**
 * include/linux/pagemap.h: where an address stands in the object it maps. Below vm_start the distance in bytes wraps
 * as an unsigned long before it is shifted, so that the index is far off (5a49973d7143).
 */
export function linear_page_index(vma: Vma, addr: number): number {
  if (is_vm_hugetlb_page(vma)) return vma_hugecache_offset(hstate_vma(vma), vma, addr)
  const distance = addr - rd(vma + vm_area.vm_start)
  return (distance < 0 ? distance + 2 ** 52 : distance) + rd(vma + vm_area.vm_pgoff)
}

/** `p` is ours alone: from now on rmap looks for it in our vma's family branch only. Caller holds the page lock. */
export function page_move_anon_rmap(p: Page, vma: Vma, addr: number): void {
  const av = rd(vma + vm_area.anon_vma) as AnonVma
  VM_BUG_ON_PAGE(!PageLocked(p), p, '!PageLocked(page)')
  VM_BUG_ON_VMA(av === NULL, vma, '!anon_vma')
  VM_BUG_ON_PAGE(
    rd(p + page.index) !== linear_page_index(vma, addr),
    p,
    'page->index != linear_page_index(vma, address)',
  )
  WRITE_ONCE(p + page.mapping, av + PAGE_MAPPING_ANON)
}

/** Sets mapping and index of a page that has none yet; unless exclusive, the oldest anon_vma must do. */
export function __page_set_anon_rmap(p: Page, vma: Vma, addr: number, exclusive: boolean): void {
  const av = rd(vma + vm_area.anon_vma) as AnonVma
  BUG_ON(av === NULL, '!anon_vma')
  if (PageAnon(p)) return
  WRITE_ONCE(p + page.mapping, (exclusive ? av : k.oldestAnonVma(vma)) + PAGE_MAPPING_ANON)
  wr(p + page.index, linear_page_index(vma, addr))
}

/** The first map of a new page, by a PMD (`compound`) or a PTE. Caller holds the page table lock. */
export function page_add_new_anon_rmap(p: Page, vma: Vma, addr: number, compound: boolean): void {
  if (debug_vm) checkNewAnon(p, vma, addr, compound)
  SetPageSwapBacked(p)
  if (compound) {
    atomic_set(compound_mapcount_ptr(p), 0)
    mod_zone_page_state(NR_ANON_TRANSPARENT_HUGEPAGES, 1)
  } else {
    atomic_set(_mapcount(p), 0)
  }
  mod_zone_page_state(NR_ANON_PAGES, compound ? HPAGE_PMD_NR : 1)
  k.__page_set_anon_rmap(p, vma, addr, true)
}

function checkNewAnon(p: Page, vma: Vma, addr: number, compound: boolean): void {
  const outside = addr < rd(vma + vm_area.vm_start) || addr >= rd(vma + vm_area.vm_end)
  VM_BUG_ON_VMA(outside, vma, 'address < vma->vm_start || address >= vma->vm_end')
  VM_BUG_ON_PAGE(compound && !PageTransHuge(p), p, '!PageTransHuge(page)')
  // A THP is always mapped by PMD first.
  VM_BUG_ON_PAGE(!compound && PageTransCompound(p), p, 'PageTransCompound(page)')
}

/**
 * A map by a PMD (`compound`) or a PTE of a page that had maps before. Caller holds the page table lock and, so that
 * the mapping may be set, the page lock.
 */
export function page_add_anon_rmap(p: Page, vma: Vma, addr: number, compound: boolean): void {
  const first = atomic_inc_and_test(compound ? compound_mapcount_ptr(p) : _mapcount(p))
  if (first) {
    if (compound) mod_zone_page_state(NR_ANON_TRANSPARENT_HUGEPAGES, 1)
    mod_zone_page_state(NR_ANON_PAGES, compound ? HPAGE_PMD_NR : 1)
  }
  if (debug_vm) VM_BUG_ON_PAGE(!PageLocked(p), p, '!PageLocked(page)')
  if (first) k.__page_set_anon_rmap(p, vma, addr, false)
}

/**
 * As page_add_anon_rmap, by a PTE, of a page that is swapped in; `exclusive`: nobody else has it, so that it belongs to our
 * branch of the family. Caller holds the page table lock and the page lock.
 */
export function do_page_add_anon_rmap(p: Page, vma: Vma, addr: number, exclusive: boolean): void {
  const first = atomic_inc_and_test(_mapcount(p))
  if (first) mod_zone_page_state(NR_ANON_PAGES, 1)
  if (debug_vm) VM_BUG_ON_PAGE(!PageLocked(p), p, '!PageLocked(page)')
  if (first) k.__page_set_anon_rmap(p, vma, addr, exclusive)
}

/** One more map of a page that is mapped already (fork). Caller holds both page table locks. */
export function page_dup_rmap(p: Page, compound: boolean): void {
  atomic_inc(compound ? compound_mapcount_ptr(p) : _mapcount(p))
}

/** One map less; the page keeps its mapping, which is only reliable while it is mapped. Caller holds the page table lock. */
export function page_remove_rmap(p: Page, compound: boolean): void {
  if (!PageAnon(p)) {
    k.page_remove_file_rmap(p)
    return
  }
  if (compound) {
    k.page_remove_anon_compound_rmap(p)
    return
  }
  if (!atomic_add_negative(-1, _mapcount(p))) return
  mod_zone_page_state(NR_ANON_PAGES, -1)
  if (PageMlocked(p)) k.clear_page_mlock(p)
  if (PageTransCompound(p)) k.deferred_split_huge_page(compound_head(p))
}

/** One PMD map less of a huge page; with the last one DoubleMap goes. */
export function page_remove_anon_compound_rmap(p: Page): void {
  if (!atomic_add_negative(-1, compound_mapcount_ptr(p))) return
  mod_zone_page_state(NR_ANON_TRANSPARENT_HUGEPAGES, -1)
  let nr = HPAGE_PMD_NR
  if (TestClearPageDoubleMap(p)) {
    nr = 0
    for (let i = 0; i < HPAGE_PMD_NR; i++) {
      if (atomic_add_negative(-1, _mapcount(subpage(p, i)))) nr++
    }
  }
  if (PageMlocked(p)) k.clear_page_mlock(p)
  if (nr === 0) return
  mod_zone_page_state(NR_ANON_PAGES, -nr)
  k.deferred_split_huge_page(p)
}
