// Slab caches (mm/slub.c, as far as anybody can tell from outside): objects of one size, freed ones first reused by
// the CPU that freed them. The free list runs through an object's first cell, the second tells a freed one. Of a struct
// these stand behind it, and the struct itself is poisoned (SLAB_POISON): whoever reads it while threads race has used
// what was freed. Page tables keep their contents, and so do anon_vmas, which readers under RCU may look at even then
// (SLAB_DESTROY_BY_RCU).

import { CannotJudge, KernelBug } from '../bug.ts'
import { cpu, statCpu, this_cpu_add } from '../ops.ts'
import { POISON_FREE, rd, S, sbrk, wr } from '../store.ts'

/** CPUs that a machine may have. */
export const NR_CPUS = 8
/** POISON_FREE and POISON_END of include/linux/poison.h: the second cell of what is free. */
const FREED = 0x6b6b6ba5

/** Per CPU a free list and the number of objects taken minus those given back. */
const kmem_cache = { freelist: 0, live: NR_CPUS, SIZE: 2 * NR_CPUS } as const

export interface Cache {
  readonly name: string
  readonly size: number
  readonly at: number
  /** Where in an object the free list goes on; the mark of a freed one is the cell after it. */
  readonly link: number
}

/** A cache of objects of `size` cells, at least two. */
export function kmem_cache_create(name: string, size: number): Cache {
  return { name, size, at: sbrk(kmem_cache.SIZE), link: 0 }
}

/** As kmem_cache_create, of structs that are poisoned when they are given back. */
export function kmem_cache_create_poisoned(name: string, size: number): Cache {
  return { name, size, at: sbrk(kmem_cache.SIZE), link: size }
}

/** What each CPU still has of memory of its own, while threads race: where it begins and ends. */
const arena = { next: 0, end: 1, SIZE: 2 } as const
let arenas = 0

export function init_arenas(): void {
  madeFor.clear()
  arenas = sbrk(NR_CPUS * arena.SIZE)
}

/** Gives each of the first `cpus` CPUs `cells` for new objects, so that what one allocates moves nothing of another's. */
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
  const start = carveCells(cache.link === 0 ? cache.size : cache.size + 2)
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
  const object = rd(list)
  if (object === 0) return carve(cache)
  wr(list, rd(object + cache.link))
  wr(object + cache.link, 0)
  wr(object + cache.link + 1, 0)
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
  const { link } = cache
  if (rd(object + link + 1) === FREED) throw new KernelBug('double-free', `${cache.name} is freed a second time`)
  const list = cache.at + kmem_cache.freelist + cpu
  for (let i = 0; i < link; i++) wr(object + i, POISON_FREE)
  wr(object + link, rd(list))
  wr(object + link + 1, FREED)
  wr(list, object)
  this_cpu_add(cache.at + kmem_cache.live + statCpu(), -1)
}

/** Whether an object that is not poisoned has been given back; for truth.ts. */
export function isFreed(object: number): boolean {
  return S[object + 1] === FREED
}

/** Objects in use; for truth.ts. */
export function liveObjects(cache: Cache): number {
  let sum = 0
  for (let c = 0; c < NR_CPUS; c++) sum += S[cache.at + kmem_cache.live + c]!
  return sum
}
