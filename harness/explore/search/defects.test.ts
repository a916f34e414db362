// What a search finds beside wrong numbers: nobody wakes the sleeper, nobody can go on, a lock that is not one's own, a
// sleep where none may be, a look at what was freed. Each example is small enough to count its interleavings by hand.

import t from 'tap'
import { init_arenas, kmem_cache_alloc, kmem_cache_create_poisoned, kmem_cache_free } from '../../model/mm/slab.ts'
import {
  might_sleep,
  prepare_to_wait,
  READ_ONCE,
  schedule,
  setThread,
  spin_lock,
  spin_unlock,
  WRITE_ONCE,
  wake_up,
} from '../../model/ops.ts'
import { init_rcu, rcu_read_lock, rcu_read_unlock } from '../../model/rcu.ts'
import { rd, resetStore, sbrk, wr } from '../../model/store.ts'
import { exhaustive } from './exhaustive.ts'
import { Machine } from './machine.ts'
import { drain } from './strategy.ts'
import { stuckBug } from './stuck.ts'

/** Every interleaving of two threads, one by one: how many there are, and how many come to each end. */
function explored(a: () => unknown, b: () => unknown) {
  const bodies = [a, b].map((run, i) => ({
    name: 'AB'[i]!,
    run() {
      setThread(i + 1)
      return run()
    },
  }))
  const machine = new Machine(bodies, { marks: true, pauses: false })
  const ends: Record<string, number> = {}
  const { interleavings } = drain(
    exhaustive({ reduce: false, coalesce: false }).explore(
      machine,
      m => {
        const end = (m.bug ?? stuckBug(m))?.anomaly ?? 'done'
        ends[end] = (ends[end] ?? 0) + 1
      },
      {},
    ),
  )
  return { interleavings, ends }
}

t.beforeEach(() => {
  resetStore()
  init_rcu(sbrk(2))
  init_arenas()
})

// The sleeper looks (L), prepares (P), sleeps (S); the waker sets (s) and wakes (w).
//   L P s w S   L s P w S   s L w   s w L   and L s w P, which nobody wakes
t.test('a sleeper that looks before it prepares is never woken in one of 5 interleavings', async t => {
  const [queue, done] = [sbrk(1), sbrk(1)]
  const sleeper = () => {
    if (READ_ONCE(done) === 0) schedule(queue, prepare_to_wait(queue))
  }
  const waker = () => {
    WRITE_ONCE(done, 1)
    wake_up(queue)
  }
  t.same(explored(sleeper, waker), { interleavings: 5, ends: { done: 4, stall: 1 } })
})

//   P L s w S   and five orders of P L and s w in which L comes after s
t.test('one that prepares first is woken in all 6', async t => {
  const [queue, done] = [sbrk(1), sbrk(1)]
  const sleeper = () => {
    const prepared = prepare_to_wait(queue)
    if (READ_ONCE(done) === 0) schedule(queue, prepared)
  }
  const waker = () => {
    WRITE_ONCE(done, 1)
    wake_up(queue)
  }
  t.same(explored(sleeper, waker), { interleavings: 6, ends: { done: 6 } })
})

// A has both first, and B takes its first before or after A gives back its last: 2. So for B. Each has one: 2.
t.test('two locks in both orders deadlock in 2 of 6 interleavings', async t => {
  const [p, q] = [sbrk(1), sbrk(1)]
  const both = (first: number, second: number) => () => {
    spin_lock(first)
    spin_lock(second)
    spin_unlock(second)
    spin_unlock(first)
  }
  t.same(explored(both(p, q), both(q, p)), { interleavings: 6, ends: { done: 4, deadlock: 2 } })
})

// A takes (L) and gives back (U); B looks (r) and, if the lock is taken, gives it back (u).
//   r L U   L U r   and L r u, L r U u: whether the lock is still A's or nobody's, it is not B's
t.test("the release of another's lock is found where it happens", async t => {
  const lock = sbrk(1)
  const holder = () => {
    spin_lock(lock)
    spin_unlock(lock)
  }
  const confused = () => {
    if (READ_ONCE(lock) !== 0) spin_unlock(lock)
  }
  t.same(explored(holder, confused), { interleavings: 4, ends: { done: 2, 'lock-imbalance': 2 } })
})

// R L U with W behind R at three places; W R L, which sleeps.
t.test('a sleep under a spinlock is found on the one way of 4 that leads there', async t => {
  const [x, lock] = [sbrk(1), sbrk(1)]
  const sleeper = () => {
    const asked = READ_ONCE(x)
    spin_lock(lock)
    if (asked !== 0) might_sleep()
    spin_unlock(lock)
  }
  t.same(
    explored(sleeper, () => WRITE_ONCE(x, 1)),
    { interleavings: 4, ends: { done: 3, 'sleep-in-atomic': 1 } },
  )
})

/** A reader that goes by a pointer in a section, and whoever takes the object away. */
function readerAndFreer(): readonly [() => unknown, () => unknown] {
  const cache = kmem_cache_create_poisoned('thing', 4)
  const [pointer, other] = [sbrk(1), sbrk(1)]
  const thing = kmem_cache_alloc(cache)
  wr(pointer, thing)
  const reader = () => {
    rcu_read_lock()
    const found = READ_ONCE(pointer)
    if (found !== 0) {
      READ_ONCE(other)
      rd(found + 3)
    }
    rcu_read_unlock()
  }
  const freer = () => {
    WRITE_ONCE(pointer, 0)
    kmem_cache_free(cache, thing)
  }
  return [reader, freer]
}

// The reader's ops l p o u, or l p u where the pointer is gone; w takes it away and frees.
//   w l p u   l w p u   l p o w u   l p o u w   and l p w o, which reads what is freed
t.test('what is freed without waiting for readers is used in one of 5 interleavings', async t => {
  t.same(explored(...readerAndFreer()), { interleavings: 5, ends: { done: 4, 'use-after-free': 1 } })
})
