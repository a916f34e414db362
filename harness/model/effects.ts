// What each op does to its one cell and what it answers. Run straight, an op is its effect at once; while a race is
// explored, the search decides when. The file knows no thread but the one whose mark `me` it is given.

import { KernelBug } from './bug.ts'
import { POISON_FREE, S, useAfterFree } from './store.ts'

/** The ops by number. `a` and `b` of an effect are what stands in brackets. */
export const Op = {
  /** Spinlocks and local locks: 0 free, else the holder's mark (me). */
  LOCK: 0,
  UNLOCK: 1,
  TRYLOCK: 2,
  /** Semaphores: 0 free, n readers, or minus the writer's mark (me). */
  DOWN_READ: 3,
  UP_READ: 4,
  DOWN_WRITE: 5,
  UP_WRITE: 6,
  DOWN_WRITE_TRYLOCK: 7,
  /** A bit that is a lock (bit; of an unlock, whether it need not be set). */
  BIT_LOCK: 8,
  BIT_UNLOCK: 9,
  BIT_TRYLOCK: 10,
  /** Until the bits are clear (bits); until the cell holds something else (value). */
  WAIT_CLEAR: 11,
  WAIT_CHANGE: 12,
  /** (mask) */
  READ: 13,
  /** (value) */
  WRITE: 14,
  /** (n) */
  ADD: 15,
  ADD_RETURN: 16,
  ADD_NEGATIVE: 17,
  ADD_TEST_ZERO: 18,
  /** Unless it is 0 (n). */
  ADD_UNLESS_ZERO: 19,
  /** (old, value) */
  CMPXCHG: 20,
  /** (bits) */
  SET: 21,
  CLEAR: 22,
  TEST_AND_SET: 23,
  TEST_AND_CLEAR: 24,
} as const

/** As schedules and traces show them. */
export const opNames: readonly string[] = [
  'spin_lock',
  'spin_unlock',
  'spin_trylock',
  'down_read',
  'up_read',
  'down_write',
  'up_write',
  'down_write_trylock',
  'bit_lock',
  'bit_unlock',
  'bit_trylock',
  'wait_on_bit',
  'wait_event',
  'READ_ONCE',
  'WRITE_ONCE',
  'atomic_add',
  'atomic_add_return',
  'atomic_add_negative',
  'atomic_add_and_test',
  'atomic_add_unless_zero',
  'cmpxchg',
  'set_bit',
  'clear_bit',
  'test_and_set_bit',
  'test_and_clear_bit',
]

type Effect = (cell: number, a: number, b: number) => number

const deadlock = (cell: number, what: string): never => {
  if (S[cell] === POISON_FREE) throw useAfterFree(cell)
  throw new KernelBug('deadlock', `waits for ${what} that is held`)
}
const imbalance = (what: string): never => {
  throw new KernelBug('lock-imbalance', `releases ${what} that it does not hold`)
}

export const lock: Effect = (cell, me) => {
  if (S[cell] !== 0) deadlock(cell, 'a spinlock')
  S[cell] = me
  return 0
}

export const unlock: Effect = (cell, me) => {
  if (S[cell] !== me) imbalance('a spinlock')
  S[cell] = 0
  return 0
}

export const trylock: Effect = (cell, me) => {
  if (S[cell] === POISON_FREE) throw useAfterFree(cell)
  if (S[cell] !== 0) return 0
  S[cell] = me
  return 1
}

export const downRead: Effect = cell => {
  if (S[cell]! < 0 || S[cell] === POISON_FREE) deadlock(cell, 'a semaphore')
  S[cell]!++
  return 0
}

export const upRead: Effect = cell => {
  if (S[cell]! <= 0) imbalance('a semaphore')
  S[cell]!--
  return 0
}

export const downWrite: Effect = (cell, me) => {
  if (S[cell] !== 0) deadlock(cell, 'a semaphore')
  S[cell] = -me
  return 0
}

export const upWrite: Effect = (cell, me) => {
  if (S[cell] !== -me) imbalance('a semaphore')
  S[cell] = 0
  return 0
}

export const downWriteTrylock: Effect = (cell, me) => {
  if (S[cell] !== 0) return 0
  S[cell] = -me
  return 1
}

export const bitLock: Effect = (cell, bit) => {
  if (S[cell]! & bit) deadlock(cell, 'a bit lock')
  S[cell]! |= bit
  return 0
}

export const bitUnlock: Effect = (cell, bit, blind) => {
  if (blind === 0 && (S[cell]! & bit) === 0) imbalance('a bit lock')
  S[cell]! &= ~bit
  return 0
}

export const bitTrylock: Effect = (cell, bit) => {
  if (S[cell]! & bit) return 0
  S[cell]! |= bit
  return 1
}

export const waitClear: Effect = (cell, bits) => {
  if (S[cell]! & bits) deadlock(cell, 'a bit')
  return 0
}

export const waitChange: Effect = (cell, value) => {
  if (S[cell] === value) throw new KernelBug('stall', 'sleeps, and nobody is there to wake it')
  return 0
}

export const read: Effect = (cell, mask) => S[cell]! & mask

export const write: Effect = (cell, value) => {
  S[cell] = value
  return 0
}

export const add: Effect = (cell, n) => {
  S[cell]! += n
  return 0
}

export const addReturn: Effect = (cell, n) => {
  if (S[cell] === POISON_FREE) throw useAfterFree(cell)
  S[cell]! += n
  return S[cell]!
}

export const addNegative: Effect = (cell, n) => (addReturn(cell, n, 0) < 0 ? 1 : 0)

export const addTestZero: Effect = (cell, n) => (addReturn(cell, n, 0) === 0 ? 1 : 0)

export const addUnlessZero: Effect = (cell, n) => {
  if (S[cell] === POISON_FREE) throw useAfterFree(cell)
  if (S[cell] === 0) return 0
  S[cell]! += n
  return 1
}

export const compareExchange: Effect = (cell, old, value) => {
  const found = S[cell]!
  if (found === old) S[cell] = value
  return found
}

export const set: Effect = (cell, bits) => {
  S[cell]! |= bits
  return 0
}

export const clear: Effect = (cell, bits) => {
  S[cell]! &= ~bits
  return 0
}

export const testAndSet: Effect = (cell, bits) => {
  const old = S[cell]! & bits
  S[cell]! |= bits
  return old === 0 ? 0 : 1
}

export const testAndClear: Effect = (cell, bits) => {
  const old = S[cell]! & bits
  S[cell]! &= ~bits
  return old === 0 ? 0 : 1
}

/** By number. */
export const effects: readonly Effect[] = [
  lock,
  unlock,
  trylock,
  downRead,
  upRead,
  downWrite,
  upWrite,
  downWriteTrylock,
  bitLock,
  bitUnlock,
  bitTrylock,
  waitClear,
  waitChange,
  read,
  write,
  add,
  addReturn,
  addNegative,
  addTestZero,
  addUnlessZero,
  compareExchange,
  set,
  clear,
  testAndSet,
  testAndClear,
]

/** Whether the op would have to wait now; of memory that was given back it does not wait, it fails. */
export function isBlocked(kind: number, cell: number, a: number): boolean {
  if (S[cell] === POISON_FREE) return false
  switch (kind) {
    case Op.LOCK:
    case Op.DOWN_WRITE:
      return S[cell] !== 0
    case Op.DOWN_READ:
      return S[cell]! < 0
    case Op.BIT_LOCK:
    case Op.WAIT_CLEAR:
      return (S[cell]! & a) !== 0
    case Op.WAIT_CHANGE:
      return S[cell] === a
    default:
      return false
  }
}
