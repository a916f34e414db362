// Who may map an anonymous page (the first half of mm/rmap.c, v4.5).
//
// An anon_vma belongs to a family of vmas; chains (avc) tie each vma to the anon_vmas of its ancestors, so that
// pages from before a fork are found in the children.

import { BUG_ON } from '../bug.ts'
import { k } from '../kernel.ts'
import {
  atomic_dec_and_test,
  atomic_inc,
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
import { ENOMEM } from './errno.ts'
import { should_fail } from './fault-inject.ts'
import { type AnonVma, type Avc, anon_vma, anon_vma_chain, mm_struct, NULL, type Vma, vm_area } from './mm_types.ts'
import {
  type Cache,
  kmem_cache_alloc,
  kmem_cache_create_poisoned,
  kmem_cache_create_rcu,
  kmem_cache_free,
  kmem_cache_zalloc,
} from './slab.ts'

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
 * Gives the vma an anon_vma before its first anonymous page. 0 or -ENOMEM.
 * May sleep; takes the anon_vma, then page_table_lock.
 */
export function anon_vma_prepare(vma: Vma): number {
  might_sleep()
  // Two faults may be here at once, with mmap_sem held for reading.
  if (READ_ONCE(vma + vm_area.anon_vma) !== 0) return 0
  const mm = rd(vma + vm_area.vm_mm)
  if (should_fail('anon_vma')) return -ENOMEM
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
