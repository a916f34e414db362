// Slab caches (mm/slub.c, as far as anybody can tell from outside): objects of one size, freed ones first reused by
// the CPU that freed them. The free list runs through an object's first cell, the second tells a freed one. Of a struct
// these stand behind it, and the struct itself is poisoned (SLAB_POISON): whoever reads it while threads race has used
// what was freed. Page tables keep their contents.
//
// So does an anon_vma while those who were in an RCU section when it was freed still are (SLAB_DESTROY_BY_RCU): until
// then it is an anon_vma, free or in use as another, and afterwards the page that it lies in is anybody's.

import { CannotJudge, KernelBug } from '../bug.ts'
import { cmpxchg, cpu, statCpu, this_cpu_add, WRITE_ONCE } from '../ops.ts'
import { free_rcu, RCU_OBJECT, rcu_head, reuse_rcu } from '../rcu.ts'
import { POISON_FREE, rd, S, sbrk, watch, wr } from '../store.ts'

/** CPUs that a machine may have. */
export const NR_CPUS = 8
/** POISON_FREE and POISON_END of include/linux/poison.h: the second cell of what is free. */
const FREED = 0x6b6b6ba5

/**
 * Per CPU a free list and the number of objects taken minus those given back; objects whose pages were given back
 * outside of races, oldest first, and how many they are.
 */
const kmem_cache = {
  freelist: 0,
  live: NR_CPUS,
  oldest: 2 * NR_CPUS,
  newest: 2 * NR_CPUS + 1,
  released: 2 * NR_CPUS + 2,
  SIZE: 2 * NR_CPUS + 3,
} as const

/** A page that was given back becomes one of the cache again only after so many others: until then its use is found. */
const QUARANTINE = 64

export interface Cache {
  readonly name: string
  readonly size: number
  readonly at: number
  /** Where in an object the free list goes on; the mark of a freed one is the cell after it. */
  readonly link: number
  /** Cells of an object with all that stands behind it. */
  readonly whole: number
  /** Of SLAB_DESTROY_BY_RCU: where its rcu_head lies; else 0. */
  readonly rcu: number
}

/** A cache of objects of `size` cells, at least two. */
export function kmem_cache_create(name: string, size: number): Cache {
  return { name, size, at: sbrk(kmem_cache.SIZE), link: 0, whole: size, rcu: 0 }
}

/** As kmem_cache_create, of structs that are poisoned when they are given back. */
export function kmem_cache_create_poisoned(name: string, size: number): Cache {
  return { name, size, at: sbrk(kmem_cache.SIZE), link: size, whole: size + 2, rcu: 0 }
}

/**
 * As kmem_cache_create, of structs that readers under RCU may look at after they were freed (SLAB_DESTROY_BY_RCU): one
 * is zero when its page is new, and as its last owner left it when it is used again.
 */
export function kmem_cache_create_rcu(name: string): Cache {
  const link = RCU_OBJECT + rcu_head.SIZE
  return { name, size: RCU_OBJECT, at: sbrk(kmem_cache.SIZE), link, whole: link + 2, rcu: RCU_OBJECT }
}

/** What each CPU still has of memory of its own, while threads race: where it begins and ends. */
const arena = { next: 0, end: 1, SIZE: 2 } as const
let arenas = 0

export function init_arenas(): void {
  madeFor.clear()
  arenas = sbrk(NR_CPUS * arena.SIZE)
}

/**
 * Gives each of the first `cpus` CPUs `cells` for new objects, so that what one allocates moves nothing of another's.
 */
export function reserveObjects(cpus: number, cells: number): void {
  for (let c = 0; c < cpus; c++) {
    wr(arenas + c * arena.SIZE + arena.next, sbrk(cells))
    wr(arenas + c * arena.SIZE + arena.end, rd(arenas + c * arena.SIZE + arena.next) + cells)
  }
}

/** Which cache the object at a cell was made for; for names only, and as good as the last that was carved there. */
const madeFor = new Map<number, Cache>()

/** The object that a cell belongs to. */
export function objectAt(cell: number): { readonly name: string; readonly start: number } | undefined {
  for (let start = cell; start > cell - 1024; start--) {
    const cache = madeFor.get(start)
    if (cache !== undefined) return cell < start + cache.size ? { name: cache.name, start } : undefined
  }
  return undefined
}

/** New cells for an object. */
function carve(cache: Cache): number {
  const start = carveCells(cache.whole)
  madeFor.set(start, cache)
  return start
}

function carveCells(size: number): number {
  const mine = arenas + cpu * arena.SIZE
  const start = rd(mine + arena.next)
  if (start === 0) return sbrk(size)
  const next = (start + size + 7) & ~7
  if (next > rd(mine + arena.end)) throw new CannotJudge('a thread of the race needs more memory than was set aside')
  wr(mine + arena.next, next)
  return start
}

/** An object as its last owner left it, but for two cells, which are zero. */
export function kmem_cache_alloc(cache: Cache): number {
  const list = cache.at + kmem_cache.freelist + cpu
  this_cpu_add(cache.at + kmem_cache.live + statCpu(), 1)
  let object = rd(list)
  // What was given back meanwhile is nobody's any more.
  if (cache.rcu !== 0)
    for (; object !== 0 && !reuse_rcu(object + cache.rcu); object = rd(list)) wr(list, rd(object + cache.link))
  if (object === 0) return newPage(cache)
  wr(list, rd(object + cache.link))
  wr(object + cache.link, 0)
  if (cache.rcu === 0) wr(object + cache.link + 1, 0)
  else WRITE_ONCE(object + cache.link + 1, 0)
  return object
}

/** An object in a page that the cache did not have. */
function newPage(cache: Cache): number {
  if (watch !== undefined || rd(cache.at + kmem_cache.released) <= QUARANTINE) return carve(cache)
  wr(cache.at + kmem_cache.released, rd(cache.at + kmem_cache.released) - 1)
  const object = rd(cache.at + kmem_cache.oldest)
  wr(cache.at + kmem_cache.oldest, rd(object + cache.link))
  for (let i = 0; i < cache.whole; i++) wr(object + i, 0)
  return object
}

/** A zeroed object. */
export function kmem_cache_zalloc(cache: Cache): number {
  const object = kmem_cache_alloc(cache)
  for (let i = cache.link === 0 ? 2 : 0; i < cache.size; i++) wr(object + i, 0)
  return object
}

/** Gives an object back; giving it back twice is double-free. */
export function kmem_cache_free(cache: Cache, object: number): void {
  const { link, rcu } = cache
  // What others may still look at, another CPU may free at the same time.
  const mark = rcu === 0 ? rd(object + link + 1) : cmpxchg(object + link + 1, 0, FREED)
  if (mark === FREED) throw new KernelBug('double-free', `${cache.name} is freed a second time`)
  const list = cache.at + kmem_cache.freelist + cpu
  if (rcu === 0) for (let i = 0; i < link; i++) wr(object + i, POISON_FREE)
  wr(object + link, rd(list))
  if (rcu === 0) wr(object + link + 1, FREED)
  if (rcu === 0 || free_rcu(object + rcu)) wr(list, object)
  else if (watch === undefined) quarantine(cache, object)
  this_cpu_add(cache.at + kmem_cache.live + statCpu(), -1)
}

function quarantine(cache: Cache, object: number): void {
  const n = rd(cache.at + kmem_cache.released)
  wr(n === 0 ? cache.at + kmem_cache.oldest : rd(cache.at + kmem_cache.newest) + cache.link, object)
  wr(cache.at + kmem_cache.newest, object)
  wr(cache.at + kmem_cache.released, n + 1)
}

/** Whether the object of a cache has been given back; for truth.ts. */
export const isFreed = (cache: Cache, object: number): boolean => S[object + cache.link + 1] === FREED

/** Every object of a cache that has not been given back; for truth.ts. */
export function* objectsOf(cache: Cache): Generator<number> {
  for (const [object, of] of madeFor) if (of === cache && !isFreed(cache, object)) yield object
}

/** Objects in use; for truth.ts. */
export function liveObjects(cache: Cache): number {
  let sum = 0
  for (let c = 0; c < NR_CPUS; c++) sum += S[cache.at + kmem_cache.live + c]!
  return sum
}
