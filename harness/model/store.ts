// All state of the modelled kernel: one flat store of 32-bit cells, as the kernel's own memory is one.
//
// A struct pointer is the index of the struct's first cell, a field a constant added to it. Functions of the
// kernel go through rd and wr and, where another CPU may come in, through the ops of ops.ts; truth.ts and the
// observers read the cells directly. In a straight run an access is that of an array; while a race is explored,
// whoever explores watches every access and answers for the store.

import { CannotJudge, KernelBug } from './bug.ts'

/** Cells below this belong to nobody: a null pointer and its fields lie there. */
export const NULL_PAGE = 64
/** include/linux/poison.h, in each byte: what the cells of a freed struct hold. Nothing else has this value. */
export const POISON_FREE = 0x6b6b6b6b
/** 2^28 cells are 1 GiB of addresses; of it the machine gives memory only for what is written to. */
const CELLS = 1 << 28

/** The cells. Never replaced, so that an access costs no more than that of an array. */
export const S = allocate(CELLS)

/** As many cells as the machine lets a process have. */
function allocate(cells: number): Int32Array {
  try {
    return new Int32Array(cells)
  } catch {
    return allocate(cells / 4)
  }
}

let brk = NULL_PAGE
/** A region handed out by sreserve: only its cells below `used` were ever written. */
let sparse = { start: NULL_PAGE, used: NULL_PAGE, end: NULL_PAGE }

/** Everything may be handed out anew. */
export function resetStore(): void {
  brk = NULL_PAGE
  sparse = { start: NULL_PAGE, used: NULL_PAGE, end: NULL_PAGE }
}

/** `cells` zeroed cells, aligned to 8. Throws CannotJudge where the store has not so many. */
export function sbrk(cells: number): number {
  const start = reserve(cells)
  S.fill(0, start, brk)
  return start
}

function reserve(cells: number): number {
  const start = brk
  if (start + cells + 7 > S.length)
    throw new CannotJudge(`the case needs more than the ${S.length / 2 ** 18} MiB of the model's store`)
  brk = (start + cells + 7) & ~7
  return start
}

/**
 * For mem_map: a region of which most is never touched. Whoever takes cells of it writes all of them before he reads
 * one.
 */
export function sreserve(cells: number): number {
  const start = reserve(cells)
  sparse = { start, used: start, end: brk }
  return start
}

/** Cells of the reserved region below `end` are about to be written. */
export function touched(end: number): void {
  if (end > sparse.used) sparse.used = end
}

/** What the cells held, to be gone back to. */
export interface Snapshot {
  readonly low: Int32Array
  readonly used: Int32Array
  readonly high: Int32Array
  readonly brk: number
  readonly sparse: typeof sparse
}

export function snapshot(): Snapshot {
  return {
    low: S.slice(0, sparse.start),
    used: S.slice(sparse.start, sparse.used),
    high: S.slice(sparse.end, brk),
    brk,
    sparse: { ...sparse },
  }
}

/** Places of cells that are in use without the gap of those that were reserved and never written. */
export interface Dense {
  /** Cells from here on come after the gap, which is so many cells. */
  readonly split: number
  readonly gap: number
  readonly places: number
}

export function dense(): Dense {
  const gap = sparse.end - sparse.used
  return { split: sparse.used, gap, places: brk - gap }
}

/** Everything as it was, in the cells that were there; what was handed out since may be handed out again. */
export function restore({ low, used, high, brk: end, sparse: was }: Snapshot): void {
  S.set(low, 0)
  S.set(used, was.start)
  S.set(high, was.end)
  brk = end
  sparse = { ...was }
}

/** Throws the oops that an access of one of the first cells is. */
export function nullDereference(cell: number): never {
  throw new KernelBug('oops', `unable to handle kernel NULL pointer dereference at offset ${cell}`)
}

/** What cells are called; names.ts says it at boot. */
let nameOf = (cell: number): string => `cell ${cell}`

export function nameCells(names: (cell: number) => string): void {
  nameOf = names
}

/** What a use of poisoned memory is. */
export const useAfterFree = (cell: number): KernelBug =>
  new KernelBug('use-after-free', `${nameOf(cell)} is used after it was given back`)

/** Sees every access of the kernel functions that a thread of an explored race calls, and answers it. */
export interface Watch {
  /** A plain read of the bits in `mask`. */
  read(cell: number, mask: number): number
  /** A plain write. */
  write(cell: number, value: number): void
  /** Adds to a counter that no kernel function reads. */
  count(cell: number, n: number): void
  /** An op, by its number in effects.ts: another CPU may come in before it. */
  op(kind: number, cell: number, a: number, b: number): number
  /** From here on, or no longer, no other CPU comes in between ops. */
  atOnce(yes: boolean): void
  /** Where a loop stands that reads without a lock: see ops.ts. */
  loop(): number
  again(here: number, a: number, b: number, c: number): void
  /** A kernel function begins that is given numbers alone. */
  begin(): void
  /** It is through: only its answer (undefined: who knows what) and how many locks are held live on. See calls.ts. */
  end(answer: number | undefined, locks: number): void
}

export let watch: Watch | undefined

/** From here on `who` answers every access; undefined: the cells themselves. */
export function setWatch(who: Watch | undefined): void {
  watch = who
}

/** A plain read: no other CPU can change the cell meanwhile. */
export function rd(cell: number): number {
  if (cell < NULL_PAGE) nullDereference(cell)
  return watch === undefined ? S[cell]! : watch.read(cell, -1)
}

/** A plain read of some bits: only these become part of what the thread has seen. */
export function rdm(cell: number, mask: number): number {
  if (cell < NULL_PAGE) nullDereference(cell)
  return watch === undefined ? S[cell]! & mask : watch.read(cell, mask)
}

/** A plain write: no other CPU may look at the cell meanwhile. */
export function wr(cell: number, value: number): void {
  if (cell < NULL_PAGE) nullDereference(cell)
  if (watch === undefined) S[cell] = value
  else watch.write(cell, value)
}

/** So many structs fit into the cache. */
const NEAR = 256

/** Plain writes of the same cells `times` times, one behind the other. */
export function wrRepeat(at: number, cells: readonly number[], times: number): void {
  const { length } = cells
  if (watch !== undefined) {
    for (let i = 0; i < length * times; i++) watch.write(at + i, cells[i % length]!)
    return
  }
  S.set(cells, at)
  // What is copied stays small enough for the processor's nearest cache.
  for (let done = 1; done < times; ) {
    const n = Math.min(done, NEAR, times - done)
    S.copyWithin(at + done * length, at, at + n * length)
    done += n
  }
}

/** The same plain write in `times` cells, `stride` apart. */
export function wrStride(at: number, stride: number, times: number, value: number): void {
  const end = at + stride * times
  if (watch !== undefined) for (let cell = at; cell < end; cell += stride) watch.write(cell, value)
  else for (let cell = at; cell < end; cell += stride) S[cell] = value
}
