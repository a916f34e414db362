import t from 'tap'
import { KernelBug } from './bug.ts'
import {
  bit_lock,
  bit_unlock,
  checkLocksReleased,
  down_read,
  down_write,
  forgetLocks,
  might_sleep,
  setThread,
  spin_lock,
  spin_unlock,
  up_read,
  up_write,
} from './ops.ts'
import { rd, resetStore, sbrk, wr } from './store.ts'

/** The anomaly that `act` ends with. */
function anomalyOf(act: () => void): string | undefined {
  try {
    act()
  } catch (error) {
    if (error instanceof KernelBug) return error.anomaly
    throw error
  }
  return undefined
}

t.beforeEach(() => {
  resetStore()
  forgetLocks()
  setThread(0)
})

t.test('a lock taken twice is a deadlock, released by another thread an imbalance', async t => {
  const lock = sbrk(1)
  spin_lock(lock)
  t.equal(
    anomalyOf(() => spin_lock(lock)),
    'deadlock',
  )
  setThread(1)
  t.equal(
    anomalyOf(() => spin_lock(lock)),
    'deadlock',
  )
  t.equal(
    anomalyOf(() => spin_unlock(lock)),
    'lock-imbalance',
  )
  setThread(0)
  spin_unlock(lock)
  t.equal(
    anomalyOf(() => spin_unlock(lock)),
    'lock-imbalance',
  )
})

t.test('readers share a semaphore, a writer does not', async t => {
  const sem = sbrk(1)
  down_read(sem)
  down_read(sem)
  t.equal(
    anomalyOf(() => down_write(sem)),
    'deadlock',
  )
  up_read(sem)
  up_read(sem)
  t.equal(
    anomalyOf(() => up_read(sem)),
    'lock-imbalance',
  )
  down_write(sem)
  t.equal(
    anomalyOf(() => down_read(sem)),
    'deadlock',
  )
  t.equal(
    anomalyOf(() => up_read(sem)),
    'lock-imbalance',
  )
  up_write(sem)
  t.equal(
    anomalyOf(() => up_write(sem)),
    'lock-imbalance',
  )
  checkLocksReleased()
})

t.test('nobody sleeps under a spinlock', async t => {
  const [lock, page] = [sbrk(1), sbrk(1)]
  spin_lock(lock)
  t.equal(anomalyOf(might_sleep), 'sleep-in-atomic')
  t.equal(
    anomalyOf(() => bit_lock(page, 1)),
    'sleep-in-atomic',
  )
  spin_unlock(lock)
  bit_lock(page, 1)
  t.equal(
    anomalyOf(() => bit_lock(page, 1)),
    'deadlock',
  )
  bit_unlock(page, 1)
  t.equal(
    anomalyOf(() => bit_unlock(page, 1)),
    'lock-imbalance',
  )
})

t.test('returning with a lock held is told once', async t => {
  spin_lock(sbrk(1))
  t.equal(anomalyOf(checkLocksReleased), 'lock-imbalance')
  t.equal(anomalyOf(checkLocksReleased), undefined)
})

t.test('the page at null belongs to nobody', async t => {
  t.equal(
    anomalyOf(() => rd(0)),
    'oops',
  )
  t.equal(
    anomalyOf(() => wr(63, 1)),
    'oops',
  )
})
