// Reserve maps (mm/hugetlb.c, v4.5): which huge pages, by their index in a file, have a reservation or had one. A map
// is a list of regions [from, to) in order, under its lock. Who adds first asks (region_chg), which makes sure that the
// memory it takes is there, then adds or aborts; between the two the map may change.

import { BUG_ON } from '../bug.ts'
import { atomic_dec_and_test, atomic_inc, spin_lock, spin_unlock } from '../ops.ts'
import { rd, wr } from '../store.ts'
import { ENOMEM } from './errno.ts'
import { should_fail } from './fault-inject.ts'
import { debug_vm } from './init.ts'
import { INIT_LIST_HEAD, list_add, list_del } from './list.ts'
import type { ResvMap } from './mm_types.ts'
import { type Cache, kmem_cache_alloc, kmem_cache_create_poisoned, kmem_cache_free, kmem_cache_zalloc } from './slab.ts'

export const resv_map = {
  refs: 0,
  lock: 1,
  regions: 2,
  /** Between region_chg and region_add or region_abort. */
  adds_in_progress: 4,
  region_cache: 6,
  region_cache_count: 8,
  SIZE: 16,
} as const
export const file_region = { link: 0, from: 2, to: 3, SIZE: 4 } as const
const { from, to } = file_region
/** LONG_MAX: to the end of the map. */
export const TO_END = 0x7fffffff

export let resv_map_cachep: Cache
export let file_region_cachep: Cache
export function region_init(): void {
  resv_map_cachep = kmem_cache_create_poisoned('resv_map', resv_map.SIZE)
  file_region_cachep = kmem_cache_create_poisoned('file_region', file_region.SIZE)
}

export function resv_map_alloc(): ResvMap {
  const map = kmem_cache_zalloc(resv_map_cachep) as ResvMap
  wr(map + resv_map.refs, 1)
  INIT_LIST_HEAD(map + resv_map.regions)
  INIT_LIST_HEAD(map + resv_map.region_cache)
  list_add(kmem_cache_alloc(file_region_cachep), map + resv_map.region_cache)
  wr(map + resv_map.region_cache_count, 1)
  return map
}

export const resv_map_get = (map: ResvMap): void => atomic_inc(map + resv_map.refs)

/** Drops a reference; with the last one the map goes. */
export function resv_map_put(map: ResvMap): void {
  if (!atomic_dec_and_test(map + resv_map.refs)) return
  region_del(map, 0, TO_END)
  const cache = map + resv_map.region_cache
  for (let rg = rd(cache); rg !== cache; rg = rd(cache)) drop(rg)
  if (debug_vm) BUG_ON(rd(map + resv_map.adds_in_progress) !== 0, 'resv_map->adds_in_progress')
  kmem_cache_free(resv_map_cachep, map)
}

function drop(rg: number): void {
  list_del(rg)
  kmem_cache_free(file_region_cachep, rg)
}

const addCell = (cell: number, n: number): void => wr(cell, rd(cell) + n)

/** A region that region_chg put aside. Caller holds the lock. */
function fromCache(map: ResvMap): number {
  addCell(map + resv_map.region_cache_count, -1)
  const rg = rd(map + resv_map.region_cache)
  list_del(rg)
  return rg
}

function insertBefore(nrg: number, rg: number, f: number, t: number): void {
  wr(nrg + from, f)
  wr(nrg + to, t)
  list_add(nrg, rd(rg + 1))
}

/** The region that `f` lies in or before, or the head of the list. Caller holds the lock. */
function locate(map: ResvMap, f: number): number {
  const head = map + resv_map.regions
  let rg = rd(head)
  while (rg !== head && f > rd(rg + to)) rg = rd(rg)
  return rg
}

/** Adds [f, t); returns how many pages were not there before. */
export function region_add(map: ResvMap, f: number, t: number): number {
  const head = map + resv_map.regions
  spin_lock(map + resv_map.lock)
  const first = locate(map, f)
  let add = 0
  if (first === head || t < rd(first + from)) {
    // region_del took the place that region_chg had kept.
    if (debug_vm) BUG_ON(rd(map + resv_map.region_cache_count) <= 0, 'resv->region_cache_count <= 0')
    insertBefore(fromCache(map), first, f, t)
    add = t - f
  } else {
    f = Math.min(f, rd(first + from))
    for (let rg = first, next = 0; rg !== head && rd(rg + from) <= t; rg = next) {
      next = rd(rg)
      t = Math.max(t, rd(rg + to))
      if (rg === first) continue
      add -= rd(rg + to) - rd(rg + from)
      drop(rg)
    }
    add += rd(first + from) - f + t - rd(first + to)
    wr(first + from, f)
    wr(first + to, t)
  }
  addCell(map + resv_map.adds_in_progress, -1)
  spin_unlock(map + resv_map.lock)
  if (debug_vm) BUG_ON(add < 0, 'add < 0')
  return add
}

/**
 * How many pages of [f, t) are not in the map; -ENOMEM. Keeps a place for them, if it did not fail: an empty region,
 * and one in the cache.
 */
export function region_chg(map: ResvMap, f: number, t: number): number {
  spin_lock(map + resv_map.lock)
  addCell(map + resv_map.adds_in_progress, 1)
  while (rd(map + resv_map.adds_in_progress) > rd(map + resv_map.region_cache_count)) {
    // The kernel drops the lock to allocate.
    addCell(map + resv_map.adds_in_progress, -1)
    spin_unlock(map + resv_map.lock)
    if (should_fail('region')) return -ENOMEM
    const trg = kmem_cache_alloc(file_region_cachep)
    spin_lock(map + resv_map.lock)
    list_add(trg, map + resv_map.region_cache)
    addCell(map + resv_map.region_cache_count, 1)
    addCell(map + resv_map.adds_in_progress, 1)
  }
  const first = locate(map, f)
  const head = map + resv_map.regions
  const chg = first === head || t < rd(first + from) ? keepPlace(map, first, f, t) : missing(head, first, f, t)
  spin_unlock(map + resv_map.lock)
  return chg
}

/**
 * No region can grow to hold [f, t): an empty one stands where it will be. Called with the lock, which the kernel
 * drops.
 */
function keepPlace(map: ResvMap, first: number, f: number, t: number): number {
  if (should_fail('region')) {
    addCell(map + resv_map.adds_in_progress, -1)
    return -ENOMEM
  }
  const nrg = kmem_cache_alloc(file_region_cachep)
  insertBefore(nrg, first, f, f)
  return t - f
}

/** [f, t) joined with what it touches, less what of that there is. */
function missing(head: number, first: number, f: number, t: number): number {
  f = Math.min(f, rd(first + from))
  let chg = t - f
  for (let rg = first; rg !== head && rd(rg + from) <= t; rg = rd(rg)) {
    if (rd(rg + to) > t) {
      chg += rd(rg + to) - t
      t = rd(rg + to)
    }
    chg -= rd(rg + to) - rd(rg + from)
  }
  return chg
}

/** What region_chg began is given up. */
export function region_abort(map: ResvMap): void {
  spin_lock(map + resv_map.lock)
  if (debug_vm) BUG_ON(rd(map + resv_map.region_cache_count) === 0, '!resv->region_cache_count')
  addCell(map + resv_map.adds_in_progress, -1)
  spin_unlock(map + resv_map.lock)
}

/**
 * Takes [f, t) out; returns how many pages of it there were. -ENOMEM: a region would have to be cut in two, and nothing
 * is done.
 */
export function region_del(map: ResvMap, f: number, t: number): number {
  const head = map + resv_map.regions
  let del = 0
  spin_lock(map + resv_map.lock)
  for (let rg = rd(head), next = 0; rg !== head && rd(rg + from) < t; rg = next) {
    next = rd(rg)
    const [a, b] = [rd(rg + from), rd(rg + to)]
    // An empty region at `f` is in the range, too.
    if (b <= f && (b !== a || b !== f)) continue
    if (f > a && t < b) {
      const nrg = spare(map)
      if (nrg === 0) {
        del = -ENOMEM
        break
      }
      insertBefore(nrg, next, t, b)
      wr(rg + to, f)
      del += t - f
      break
    }
    del += Math.min(b, t) - Math.max(a, f)
    if (f <= a && t >= b) drop(rg)
    else if (f <= a) wr(rg + from, t)
    else wr(rg + to, f)
  }
  spin_unlock(map + resv_map.lock)
  return del
}

/**
 * A region for the upper half of one that is cut, or 0: from the cache if nobody waits for it. Called with the lock,
 * which the kernel drops.
 */
function spare(map: ResvMap): number {
  if (rd(map + resv_map.region_cache_count) > rd(map + resv_map.adds_in_progress)) return fromCache(map)
  return should_fail('region') ? 0 : kmem_cache_alloc(file_region_cachep)
}

/** How many pages of [f, t) are in the map. */
export function region_count(map: ResvMap, f: number, t: number): number {
  const head = map + resv_map.regions
  let chg = 0
  spin_lock(map + resv_map.lock)
  for (let rg = rd(head); rg !== head && rd(rg + from) < t; rg = rd(rg)) {
    if (rd(rg + to) > f) chg += Math.min(rd(rg + to), t) - Math.max(rd(rg + from), f)
  }
  spin_unlock(map + resv_map.lock)
  return chg
}
