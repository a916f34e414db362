// Where another CPU may come in: whatever the kernel itself spells as a lock, an atomic, a bit operation,
// READ_ONCE or WRITE_ONCE, or a sleep. Run straight, an op does its work at once; a lock that is taken, and
// that nobody else can give back meanwhile, is a deadlock.

import { KernelBug } from './bug.ts'
import { rd, rdm, wr } from './store.ts'

/** The CPU that runs; per-cpu data is found by it. */
export let cpu = 0
/** Spinlocks and sleeping locks that the running CPU holds. */
let spinning = 0
let sleeping = 0

/** Runs what follows on CPU `n`. */
export function setCpu(n: number): void {
  cpu = n
}

/** A task must return to user space with no lock held; throws lock-imbalance otherwise. */
export function checkLocksReleased(): void {
  const held = spinning + sleeping
  spinning = sleeping = 0
  if (held !== 0) throw new KernelBug('lock-imbalance', `returned to user space with ${held} lock(s) held`)
}

/** Forget locks after a run that a KernelBug ended. */
export function forgetLocks(): void {
  spinning = sleeping = 0
}

/** Everything that may sleep says so; forbidden under a spinlock. */
export function might_sleep(): void {
  if (spinning !== 0) throw new KernelBug('sleep-in-atomic', `sleeps with ${spinning} spinlock(s) held`)
}

// ---- spinlocks: 0 free, else the holder's CPU + 1 ------------------------------------------------------------

export function spin_lock(lock: number): void {
  const holder = rd(lock)
  if (holder !== 0) throw new KernelBug('deadlock', `CPU ${cpu} waits for a spinlock that CPU ${holder - 1} holds`)
  wr(lock, cpu + 1)
  spinning++
}

export function spin_unlock(lock: number): void {
  if (rd(lock) !== cpu + 1) throw new KernelBug('lock-imbalance', `CPU ${cpu} releases a spinlock it does not hold`)
  wr(lock, 0)
  spinning--
}

// ---- rw semaphores: 0 free, n readers, or minus the writer's CPU - 1 ------------------------------------------

export function down_read(sem: number): void {
  might_sleep()
  if (rd(sem) < 0) throw new KernelBug('deadlock', `CPU ${cpu} waits for a semaphore held for writing`)
  wr(sem, rd(sem) + 1)
  sleeping++
}

export function up_read(sem: number): void {
  if (rd(sem) <= 0) throw new KernelBug('lock-imbalance', `CPU ${cpu} releases a semaphore that nobody reads`)
  wr(sem, rd(sem) - 1)
  sleeping--
}

export function down_write(sem: number): void {
  might_sleep()
  if (rd(sem) !== 0) throw new KernelBug('deadlock', `CPU ${cpu} waits for a semaphore that is held`)
  wr(sem, -(cpu + 1))
  sleeping++
}

export function up_write(sem: number): void {
  if (rd(sem) !== -(cpu + 1)) throw new KernelBug('lock-imbalance', `CPU ${cpu} releases a semaphore it does not hold`)
  wr(sem, 0)
  sleeping--
}

// ---- bit locks (PG_locked) -----------------------------------------------------------------------------------

export function bit_trylock(cell: number, bit: number): boolean {
  if (rdm(cell, bit) !== 0) return false
  wr(cell, rd(cell) | bit)
  sleeping++
  return true
}

export function bit_lock(cell: number, bit: number): void {
  might_sleep()
  if (!bit_trylock(cell, bit)) throw new KernelBug('deadlock', `CPU ${cpu} waits for a bit lock that is held`)
}

export function bit_unlock(cell: number, bit: number): void {
  if (rdm(cell, bit) === 0) throw new KernelBug('lock-imbalance', `CPU ${cpu} releases a bit lock that is free`)
  wr(cell, rd(cell) & ~bit)
  sleeping--
}

// ---- atomics, bits, single accesses ----------------------------------------------------------------------------

export const READ_ONCE = rd
export const WRITE_ONCE = wr
export const atomic_read = rd
export const atomic_set = wr

export function atomic_add(cell: number, n: number): void {
  wr(cell, rd(cell) + n)
}

export function atomic_inc(cell: number): void {
  wr(cell, rd(cell) + 1)
}

export function atomic_dec(cell: number): void {
  wr(cell, rd(cell) - 1)
}

export function atomic_add_return(cell: number, n: number): number {
  const sum = (rd(cell) + n) | 0
  wr(cell, sum)
  return sum
}

/** Adds and says whether the result is negative. */
export function atomic_add_negative(n: number, cell: number): boolean {
  return atomic_add_return(cell, n) < 0
}

/** Subtracts one and says whether that made it zero. */
export function atomic_dec_and_test(cell: number): boolean {
  return atomic_add_return(cell, -1) === 0
}

export function atomic_inc_not_zero(cell: number): boolean {
  const value = rd(cell)
  if (value === 0) return false
  wr(cell, value + 1)
  return true
}

/** Returns what was there; writes only if that was `old`. */
export function cmpxchg(cell: number, old: number, value: number): number {
  const found = rd(cell)
  if (found === old) wr(cell, value)
  return found
}

export function set_bit(cell: number, bit: number): void {
  wr(cell, rd(cell) | bit)
}

export function test_and_set_bit(cell: number, bit: number): boolean {
  const old = rdm(cell, bit) !== 0
  wr(cell, rd(cell) | bit)
  return old
}

export function test_and_clear_bit(cell: number, bit: number): boolean {
  const old = rdm(cell, bit) !== 0
  wr(cell, rd(cell) & ~bit)
  return old
}

/** A per-cpu counter: added to, never read by the kernel functions, so that its value is no part of their history. */
export function this_cpu_add(cell: number, n: number): void {
  wr(cell, rd(cell) + n)
}
