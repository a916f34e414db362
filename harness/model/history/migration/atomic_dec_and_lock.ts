// lib/dec_and_lock.c

import { atomic_dec_and_test, atomic_read, cmpxchg, spin_lock, spin_unlock } from '../../ops.ts'

/** Takes one off; true, with the lock held, if that made it zero. Nobody sees zero without the lock. */
export function atomic_dec_and_lock(cell: number, lock: number): boolean {
  const count = atomic_read(cell)
  // The kernel tries again if another came in between; the way with the lock is as good.
  if (count !== 1 && cmpxchg(cell, count, count - 1) === count) return false
  spin_lock(lock)
  if (atomic_dec_and_test(cell)) return true
  spin_unlock(lock)
  return false
}
