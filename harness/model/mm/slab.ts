// Slab caches (mm/slub.c, as far as anybody can tell from outside): objects of one size, freed ones first reused by
// the CPU that freed them. The free list runs through an object's first cell, the second tells a freed one.

import { CannotJudge, KernelBug } from '../bug.ts'
import { cpu, statCpu, this_cpu_add } from '../ops.ts'
import { rd, S, sbrk, wr } from '../store.ts'

/** CPUs that a machine may have. */
export const NR_CPUS = 8
/** POISON_FREE of include/linux/poison.h, in each byte. */
const FREED = 0x6b6b6b6b

/** Per CPU a free list and the number of objects taken minus those given back. */
const kmem_cache = { freelist: 0, live: NR_CPUS, SIZE: 2 * NR_CPUS } as const

export interface Cache {
  readonly name: string
  readonly size: number
  readonly at: number
}

/** A cache of objects of `size` cells, at least two. */
export function kmem_cache_create(name: string, size: number): Cache {
  return { name, size, at: sbrk(kmem_cache.SIZE) }
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
  const start = carveCells(cache.size)
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

/** An object as its last owner left it, but for its first two cells, which are zero. */
export function kmem_cache_alloc(cache: Cache): number {
  const list = cache.at + kmem_cache.freelist + cpu
  this_cpu_add(cache.at + kmem_cache.live + statCpu(), 1)
  const object = rd(list)
  if (object === 0) return carve(cache)
  wr(list, rd(object))
  wr(object, 0)
  wr(object + 1, 0)
  return object
}

/** A zeroed object. */
export function kmem_cache_zalloc(cache: Cache): number {
  const object = kmem_cache_alloc(cache)
  for (let i = 2; i < cache.size; i++) wr(object + i, 0)
  return object
}

/** Gives an object back; giving it back twice is double-free. */
export function kmem_cache_free(cache: Cache, object: number): void {
  if (rd(object + 1) === FREED) throw new KernelBug('double-free', `${cache.name} is freed a second time`)
  const list = cache.at + kmem_cache.freelist + cpu
  wr(object, rd(list))
  wr(object + 1, FREED)
  wr(list, object)
  this_cpu_add(cache.at + kmem_cache.live + statCpu(), -1)
}

/** Whether an object has been given back; for truth.ts. */
export function isFreed(object: number): boolean {
  return S[object + 1] === FREED
}

/** Objects in use; for truth.ts. */
export function liveObjects(cache: Cache): number {
  let sum = 0
  for (let c = 0; c < NR_CPUS; c++) sum += S[cache.at + kmem_cache.live + c]!
  return sum
}
