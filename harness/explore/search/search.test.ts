import t from 'tap'
import { told } from '../../model/calls.ts'
import {
  atomic_add,
  atomic_inc,
  down_read,
  down_write,
  READ_ONCE,
  setThread,
  spin_lock,
  spin_unlock,
  up_read,
  up_write,
  WRITE_ONCE,
} from '../../model/ops.ts'
import { rd, resetStore, S, sbrk, wr } from '../../model/store.ts'
import { type Exhaustive, exhaustive } from './exhaustive.ts'
import { Machine } from './machine.ts'
import { formatSchedule, scheduleOf } from './schedule.ts'
import { drain } from './strategy.ts'

const everything: Exhaustive = { reduce: false, coalesce: false }
const matched: Exhaustive = { reduce: true, coalesce: false }
const usual: Exhaustive = { reduce: true, coalesce: true }

/** Explores; gives the extent and the distinct ends, as the first cells and the schedules that led there. */
function explored(how: Exhaustive, cells: number, bodies: readonly (() => unknown)[]) {
  const bodiesOf = bodies.map((run, i) => ({
    name: String.fromCharCode(65 + i),
    run: () => {
      setThread(i + 1)
      return run()
    },
  }))
  const machine = new Machine(bodiesOf, { marks: true, pauses: false })
  const ends = new Set<string>()
  const schedules: string[] = []
  const extent = drain(
    exhaustive(how).explore(
      machine,
      m => {
        const stuck = m.names.filter((_, i) => !m.isDone(i))
        ends.add(m.bug?.anomaly ?? (stuck.length > 0 ? `stuck ${stuck.join('')}` : String(S.slice(64, 64 + cells))))
        schedules.push(formatSchedule(scheduleOf(m), m.names))
      },
      {},
    ),
  )
  return { ...extent, ends: [...ends].sort(), schedules: schedules.sort() }
}

t.beforeEach(() => resetStore())

// A: a a. B: b b. 4! / (2! 2!) = 6 interleavings:
//   AABB ABAB ABBA BAAB BABA BBAA
t.test('walks every interleaving of two threads of two ops once', async t => {
  const x = sbrk(2)
  const two = () => {
    atomic_inc(x)
    atomic_inc(x)
  }
  const { interleavings, schedules } = explored(everything, 1, [two, two])
  t.equal(interleavings, 6)
  t.same(schedules, [
    'A 1 · B 1 · A 1 · B 1',
    'A 1 · B 2 · A 1',
    'A 2 · B 2',
    'B 1 · A 1 · B 1 · A 1',
    'B 1 · A 2 · B 1',
    'B 2 · A 2',
  ])
})

t.test('counts as many interleavings as the multinomial says', async t => {
  const x = sbrk(8)
  const incs = (n: number) => () => {
    for (let i = 0; i < n; i++) atomic_inc(x)
  }
  t.equal(explored(everything, 1, [incs(3), incs(4)]).interleavings, 35) // 7! / (3! 4!)
  t.equal(explored(everything, 1, [incs(2), incs(2), incs(2)]).interleavings, 90) // 6! / (2! 2! 2!)
  t.equal(explored(everything, 1, [incs(5), incs(5)]).interleavings, 252)
})

t.test('counts the same with states matched, visiting each state once', async t => {
  const x = sbrk(8)
  const incs = (n: number) => () => {
    for (let i = 0; i < n; i++) atomic_inc(x)
  }
  const { interleavings, states } = explored(matched, 1, [incs(5), incs(5)])
  t.equal(interleavings, 252)
  t.equal(states, 36)
})

t.test('takes steps that nobody can notice at once', async t => {
  const x = sbrk(8)
  const own = (i: number) => () => {
    for (let n = 0; n < 10; n++) WRITE_ONCE(x + i, n)
  }
  const { interleavings, states, ends } = explored(usual, 2, [own(0), own(1)])
  t.equal(interleavings, 1)
  t.equal(states, 1)
  t.same(ends, ['9,9'])
})

// Each thread counts in a cell of its own, n times, and then looks at the other's. Only what a look meets is a choice:
// not n times n states, in which order the counts came.
t.test(
  'two loops that meet only in their ends have states as many as rounds, not as many as pairs of them',
  async t => {
    const x = sbrk(2)
    const y = x + 1
    const body = (mine: number, other: number, n: number) => () => {
      for (let i = 0; i < n; i++) atomic_inc(mine)
      return READ_ONCE(other)
    }
    const sizes = [4, 8, 16].map(n => {
      const { states, ends } = explored(usual, 2, [body(x, y, n), body(y, x, n)])
      t.same(ends, [`${n},${n}`])
      return states
    })
    t.same(sizes, [17, 33, 65])
  },
)

t.test('finds the lost update of two unlocked increments, and none under a lock', async t => {
  const x = sbrk(1)
  const lock = sbrk(1)
  const racy = () => WRITE_ONCE(x, READ_ONCE(x) + 1)
  t.same(explored(usual, 1, [racy, racy]).ends, ['1', '2'])
  resetStore()
  sbrk(2)
  const safe = () => {
    spin_lock(lock)
    wr(x, rd(x) + 1)
    spin_unlock(lock)
  }
  const { ends, interleavings } = explored(usual, 1, [safe, safe])
  t.same(ends, ['2'])
  t.equal(interleavings, 2)
})

t.test('finds the deadlock of two locks taken in both orders', async t => {
  const [a, b] = [sbrk(1), sbrk(1)]
  const both = (p: number, q: number) => () => {
    spin_lock(p)
    spin_lock(q)
    spin_unlock(q)
    spin_unlock(p)
  }
  t.same(explored(usual, 1, [both(a, b), both(b, a)]).ends, ['0', 'stuck AB'])
})

// A looks at cells while B sets them. Who has seen what is forgotten with the function that looked, but for its answer,
// and for the lock that it may have taken.
t.test('of a function that is through its answer and its locks live on', async t => {
  const [x, lock] = [sbrk(4), sbrk(1)]
  const both = (): boolean => READ_ONCE(x) + READ_ONCE(x + 1) > 1
  const lockIf = (): void => {
    if (READ_ONCE(x) === 1) spin_lock(lock)
  }
  const sets = () => {
    for (let i = 0; i < 2; i++) WRITE_ONCE(x + i, 1)
  }
  const asks = (ask: () => boolean) => () => {
    WRITE_ONCE(x + 2, ask() ? 2 : 3)
    atomic_inc(x + 3)
  }
  const kept = explored(matched, 4, [asks(both), sets])
  S.fill(0, x, lock)
  const gone = explored(matched, 4, [asks(told(both)), sets])
  t.same([gone.interleavings, gone.ends], [kept.interleavings, kept.ends])
  t.same([gone.states, kept.states], [20, 26])
  const locks = (i: number) => () => {
    told(lockIf)()
    WRITE_ONCE(x + 2, i)
    if (READ_ONCE(lock) === i + 2) spin_unlock(lock)
  }
  S.fill(0, x, lock)
  const all = explored(matched, 3, [locks(0), locks(1), sets])
  S.fill(0, x, lock)
  t.same(explored(usual, 3, [locks(0), locks(1), sets]).ends, all.ends)
})

t.test("a lock that is only taken under another is nobody else's business", async t => {
  const [outer, inner] = [sbrk(1), sbrk(1)]
  const nested = () => {
    spin_lock(outer)
    spin_lock(inner)
    spin_unlock(inner)
    spin_unlock(outer)
  }
  t.equal(explored(usual, 1, [nested, nested]).interleavings, 2)
})

t.test('readers of a semaphore go together, a writer goes alone', async t => {
  const [x, sem] = [sbrk(1), sbrk(1)]
  const reader = () => {
    down_read(sem)
    const seen = rd(x)
    up_read(sem)
    return seen
  }
  const writer = () => {
    down_write(sem)
    wr(x, 1)
    wr(x, 2)
    up_write(sem)
  }
  t.same(explored(usual, 1, [reader, reader, writer]).ends, ['2'])
})

t.test('within a bound on preemptions', async t => {
  const x = sbrk(1)
  const incs = () => {
    atomic_add(x, 1)
    atomic_add(x, 1)
    atomic_add(x, 1)
  }
  // Without preemption AAABBB and BBBAAA; with one, A or B is cut after its first or second step.
  t.equal(explored({ ...everything, preemptions: 0 }, 1, [incs, incs]).interleavings, 2)
  t.equal(explored({ ...everything, preemptions: 1 }, 1, [incs, incs]).interleavings, 6)
})
