// Where another CPU may come in: whatever the kernel itself spells as a lock, an atomic, a bit operation,
// READ_ONCE or WRITE_ONCE, or a sleep. Run straight, an op does its work at once, and a lock that is taken and
// that nobody else can give back meanwhile is a deadlock; explored, the search decides who comes first.

import { KernelBug } from './bug.ts'
import * as effects from './effects.ts'
import { Op } from './effects.ts'
import { NULL_PAGE, nullDereference, POISON_FREE, S, useAfterFree, watch } from './store.ts'

/** The CPU that runs; per-cpu data is found by it. */
export let cpu = 0
/** The mark that a lock bears whose holder is running: its thread, from 1. */
let me = 1
/** Spinlocks, sleeping locks and RCU sections that the running thread holds. */
let spinning = 0
let sleeping = 0
let reading = 0

/** Runs what follows on CPU `n`. */
export function setCpu(n: number): void {
  cpu = n
}

/** What follows is done by thread `n` of a race, which holds nothing yet; by 0 outside of races. */
export function setThread(n: number): void {
  me = n + 1
  forgetLocks()
}

/** A task must return to user space with no lock held; throws lock-imbalance otherwise. */
export function checkLocksReleased(): void {
  const held = spinning + sleeping + reading
  forgetLocks()
  if (held > 0) throw new KernelBug('lock-imbalance', `returned to user space with ${held} lock(s) held`)
  if (held < 0) throw new KernelBug('lock-imbalance', `gave back ${-held} lock(s) more than it had taken`)
}

/** `1 spinlock and 2 sleeping locks`; empty: none. */
export function locksHeld(): string {
  const kinds = [
    [spinning, 'spinlock'],
    [sleeping, 'sleeping lock'],
    [reading, 'RCU section'],
  ] as const
  const held = kinds.filter(([n]) => n > 0).map(([n, name]) => `${n} ${name}${n > 1 ? 's' : ''}`)
  return held.join(' and ')
}

/** How many spinlocks, sleeping locks and RCU sections the running thread holds, in one number. */
export const heldInAll = (): number => (spinning * 256 + sleeping) * 256 + reading

/** Forget locks after a run that a KernelBug ended. */
export function forgetLocks(): void {
  spinning = sleeping = reading = 0
}

/** Everything that may sleep says so; forbidden under a spinlock and inside an RCU section. */
export function might_sleep(): void {
  if (spinning !== 0) throw new KernelBug('sleep-in-atomic', `sleeps with ${spinning} spinlock(s) held`)
  if (reading !== 0) throw new KernelBug('sleep-in-atomic', 'sleeps inside an RCU read-side section')
}

// ---- spinlocks -----------------------------------------------------------------------------------------------------

export function spin_lock(lock: number): void {
  if (lock < NULL_PAGE) nullDereference(lock)
  if (watch === undefined) effects.lock(lock, me, 0)
  else watch.op(Op.LOCK, lock, me, 0)
  spinning++
}

export function spin_unlock(lock: number): void {
  if (watch === undefined) effects.unlock(lock, me, 0)
  else watch.op(Op.UNLOCK, lock, me, 0)
  spinning--
}

/** Whoever waits for a spinlock that is held may have it, in the middle of a long loop. */
export function cond_resched_lock(lock: number): void {
  spin_unlock(lock)
  spin_lock(lock)
}

export function spin_trylock(lock: number): boolean {
  if (lock < NULL_PAGE) nullDereference(lock)
  const got = watch === undefined ? effects.trylock(lock, me, 0) : watch.op(Op.TRYLOCK, lock, me, 0)
  spinning += got
  return got === 1
}

let locals = 0
let localsEnd = 0

/** Where the locks of the data of `cpus` CPUs lie, one a CPU. */
export function init_local_locks(cells: number, cpus: number): void {
  locals = cells
  localsEnd = cells + cpus
}

/** Whose local lock a cell is; for names. */
export function cpuOfLocalLock(cell: number): number | undefined {
  return cell >= locals && cell < localsEnd ? cell - locals : undefined
}

/** Preemption off on CPU `n`: its per-CPU data is ours, also against work that another CPU queues there. */
export const local_lock = (n: number): void => spin_lock(locals + n)
export const local_unlock = (n: number): void => spin_unlock(locals + n)

// ---- semaphores ----------------------------------------------------------------------------------------------------

export function down_read(sem: number): void {
  might_sleep()
  if (watch === undefined) effects.downRead(sem, me, 0)
  else watch.op(Op.DOWN_READ, sem, me, 0)
  sleeping++
}

export function up_read(sem: number): void {
  if (watch === undefined) effects.upRead(sem, me, 0)
  else watch.op(Op.UP_READ, sem, me, 0)
  sleeping--
}

export function down_write(sem: number): void {
  might_sleep()
  if (watch === undefined) effects.downWrite(sem, me, 0)
  else watch.op(Op.DOWN_WRITE, sem, me, 0)
  sleeping++
}

export function up_write(sem: number): void {
  if (watch === undefined) effects.upWrite(sem, me, 0)
  else watch.op(Op.UP_WRITE, sem, me, 0)
  sleeping--
}

export function down_write_trylock(sem: number): boolean {
  const got = watch === undefined ? effects.downWriteTrylock(sem, me, 0) : watch.op(Op.DOWN_WRITE_TRYLOCK, sem, me, 0)
  sleeping += got
  return got === 1
}

// ---- sections of RCU, whose other half is rcu.ts --------------------------------------------------------------------

/** The mark of the running thread, as a bit: marks are 1 outside of races and from 2 on in them. */
export const myBit = (): number => 1 << me

/** Sections may lie in one another; true: this is the outermost. */
export const enterSection = (): boolean => reading++ === 0

/** True: the running thread is outside of any section now. */
export const leaveSection = (): boolean => --reading === 0

// ---- bits that are locks: sleeping (PG_locked) and spinning (PG_compound_lock) --------------------------------------

export function bit_trylock(cell: number, bit: number): boolean {
  const got = watch === undefined ? effects.bitTrylock(cell, bit, 0) : watch.op(Op.BIT_TRYLOCK, cell, bit, 0)
  sleeping += got
  return got === 1
}

export function bit_lock(cell: number, bit: number): void {
  might_sleep()
  if (watch === undefined) effects.bitLock(cell, bit, 0)
  else watch.op(Op.BIT_LOCK, cell, bit, 0)
  sleeping++
}

export function bit_unlock(cell: number, bit: number): void {
  if (watch === undefined) effects.bitUnlock(cell, bit, 0)
  else watch.op(Op.BIT_UNLOCK, cell, bit, 0)
  sleeping--
}

/** As bit_unlock, but the bit may have been cleared, or taken by another, since it was locked: nobody looks. */
export function clear_bit_unlock(cell: number, bit: number): void {
  if (watch === undefined) effects.bitUnlock(cell, bit, 1)
  else watch.op(Op.BIT_UNLOCK, cell, bit, 1)
  sleeping--
}

/** A cell was copied with its lock bit set: that bit too is the running thread's to clear. */
export function bit_lock_copied(): void {
  sleeping++
}

export function bit_spin_lock(cell: number, bit: number): void {
  if (watch === undefined) effects.bitLock(cell, bit, 0)
  else watch.op(Op.BIT_LOCK, cell, bit, 0)
  spinning++
}

export function bit_spin_unlock(cell: number, bit: number): void {
  if (watch === undefined) effects.bitUnlock(cell, bit, 0)
  else watch.op(Op.BIT_UNLOCK, cell, bit, 0)
  spinning--
}

/** Sleeps until the bit is clear. */
export function wait_on_bit(cell: number, bit: number): void {
  might_sleep()
  if (watch === undefined) effects.waitClear(cell, bit, 0)
  else watch.op(Op.WAIT_CLEAR, cell, bit, 0)
}

// A wait queue is a cell that every wake_up changes (kernel/sched/wait.c). Who sleeps looks at the condition between
// prepare_to_wait and schedule: a wake_up that comes before prepare_to_wait wakes nobody.

/** Joins the queue; gives what schedule wants. */
export const prepare_to_wait = (queue: number): number => READ_ONCE(queue)

/** Sleeps unless there was a wake_up since prepare_to_wait, until there is one. */
export function schedule(queue: number, prepared: number): void {
  might_sleep()
  if (watch === undefined) effects.waitChange(queue, prepared, 0)
  else watch.op(Op.WAIT_CHANGE, queue, prepared, 0)
}

export const wake_up = (queue: number): void => atomic_inc(queue)

// ---- atomics, bits, single accesses ----------------------------------------------------------------------------

export function READ_ONCE(cell: number): number {
  if (cell < NULL_PAGE) nullDereference(cell)
  if (watch !== undefined) return watch.op(Op.READ, cell, -1, 0)
  const value = S[cell]!
  if (value === POISON_FREE) throw useAfterFree(cell)
  return value
}

export function WRITE_ONCE(cell: number, value: number): void {
  if (cell < NULL_PAGE) nullDereference(cell)
  if (watch === undefined) S[cell] = value
  else watch.op(Op.WRITE, cell, value, 0)
}

/**
 * Of `times` cells, `stride` apart, one after another: READ_ONCE, and WRITE_ONCE of what it held to another such cell.
 */
export function copyStride(to: number, from: number, stride: number, times: number): void {
  const end = stride * times
  if (watch !== undefined) for (let i = 0; i < end; i += stride) WRITE_ONCE(to + i, READ_ONCE(from + i))
  else for (let i = 0; i < end; i += stride) S[to + i] = S[from + i]!
}

export const atomic_read = READ_ONCE
export const atomic_set = WRITE_ONCE

export function atomic_add(cell: number, n: number): void {
  if (cell < NULL_PAGE) nullDereference(cell)
  if (watch !== undefined) watch.op(Op.ADD, cell, n, 0)
  else if (S[cell] === POISON_FREE) throw useAfterFree(cell)
  else S[cell]! += n
}

export const atomic_inc = (cell: number): void => atomic_add(cell, 1)
export const atomic_dec = (cell: number): void => atomic_add(cell, -1)

export function atomic_add_return(cell: number, n: number): number {
  if (cell < NULL_PAGE) nullDereference(cell)
  return watch === undefined ? effects.addReturn(cell, n, 0) : watch.op(Op.ADD_RETURN, cell, n, 0)
}

/** Adds and says whether the result is negative. */
export function atomic_add_negative(n: number, cell: number): boolean {
  if (cell < NULL_PAGE) nullDereference(cell)
  return (watch === undefined ? effects.addNegative(cell, n, 0) : watch.op(Op.ADD_NEGATIVE, cell, n, 0)) === 1
}

/** Subtracts one and says whether that made it zero. */
export function atomic_dec_and_test(cell: number): boolean {
  if (cell < NULL_PAGE) nullDereference(cell)
  return (watch === undefined ? effects.addTestZero(cell, -1, 0) : watch.op(Op.ADD_TEST_ZERO, cell, -1, 0)) === 1
}

/** Adds one and says whether that made it zero. */
export function atomic_inc_and_test(cell: number): boolean {
  if (cell < NULL_PAGE) nullDereference(cell)
  return (watch === undefined ? effects.addTestZero(cell, 1, 0) : watch.op(Op.ADD_TEST_ZERO, cell, 1, 0)) === 1
}

/** Adds unless the cell holds 0; says whether it did. */
export function atomic_inc_not_zero(cell: number): boolean {
  if (cell < NULL_PAGE) nullDereference(cell)
  return (watch === undefined ? effects.addUnlessZero(cell, 1, 0) : watch.op(Op.ADD_UNLESS_ZERO, cell, 1, 0)) === 1
}

/** Returns what was there; writes only if that was `old`. */
export function cmpxchg(cell: number, old: number, value: number): number {
  if (cell < NULL_PAGE) nullDereference(cell)
  return watch === undefined ? effects.compareExchange(cell, old, value) : watch.op(Op.CMPXCHG, cell, old, value)
}

/** As READ_ONCE where only some bits are of interest: others may change the rest meanwhile. */
export function readBits(cell: number, bits: number): number {
  if (cell < NULL_PAGE) nullDereference(cell)
  return watch === undefined ? S[cell]! & bits : watch.op(Op.READ, cell, bits, 0)
}

/** A look at some bits that others may be changing. */
export const test_bit = (cell: number, bit: number): boolean => readBits(cell, bit) !== 0

export function set_bit(cell: number, bit: number): void {
  if (cell < NULL_PAGE) nullDereference(cell)
  if (watch === undefined) S[cell]! |= bit
  else watch.op(Op.SET, cell, bit, 0)
}

export function clear_bit(cell: number, bit: number): void {
  if (cell < NULL_PAGE) nullDereference(cell)
  if (watch === undefined) S[cell]! &= ~bit
  else watch.op(Op.CLEAR, cell, bit, 0)
}

export function test_and_set_bit(cell: number, bit: number): boolean {
  if (cell < NULL_PAGE) nullDereference(cell)
  return (watch === undefined ? effects.testAndSet(cell, bit, 0) : watch.op(Op.TEST_AND_SET, cell, bit, 0)) === 1
}

export function test_and_clear_bit(cell: number, bit: number): boolean {
  if (cell < NULL_PAGE) nullDereference(cell)
  return (watch === undefined ? effects.testAndClear(cell, bit, 0) : watch.op(Op.TEST_AND_CLEAR, cell, bit, 0)) === 1
}

/** A per-cpu counter: added to, never read by the kernel functions, so that its value is no part of their history. */
export function this_cpu_add(cell: number, n: number): void {
  if (watch === undefined) S[cell]! += n
  else watch.count(cell, n)
}

/** Where this CPU counts. In a race all count in one place, as nobody tells their counts apart but by the sum. */
export const statCpu = (): number => (watch === undefined ? cpu : 0)

// ---- what a processor does as one -----------------------------------------------------------------------------------

/**
 * An access by a user or a device: finding the place and reading or writing it. Who takes the place away flushes the
 * TLB, and the flush waits for accesses that are under way; so for others it is one step, up to endAccess().
 */
export function beginAccess(): void {
  if (watch !== undefined) watch.atOnce(true)
}

export function endAccess(): void {
  if (watch !== undefined) watch.atOnce(false)
}

// ---- loops that read without a lock ---------------------------------------------------------------------------------

/**
 * A loop of racy reads makes as many histories as there are orders of what it reads. Where only its counter and a
 * sum live on, it says so, and histories that agree in these become one: `const here = loop()` before it, and
 * `again(here, i, sum)` at the head of each round and behind the last. Forgetting a local is unsound; tests compare
 * marks on and off.
 */
export const loop = (): number => (watch === undefined ? 0 : watch.loop())

/** From here on nothing lives of what was read since `here` but these. */
export function again(here: number, a: number, b = 0, c = 0): void {
  if (watch !== undefined) watch.again(here, a, b, c)
}
