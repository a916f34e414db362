// How long an anon_vma lives, whose lock it has and who may take it, step by step from v2.6.34 to v3.19; and what
// migration does with a page that nobody maps any more.

import t from 'tap'
import { KernelBug } from '../../bug.ts'
import { k } from '../../kernel.ts'
import { EAGAIN } from '../../mm/errno.ts'
import { mm_alloc } from '../../mm/fork.ts'
import { A, machine, RW, write } from '../../mm/hugetlb_testing.ts'
import { type AnonVma, anon_vma, type Mm, NULL, type Page, type Vma, vm_area } from '../../mm/mm_types.ts'
import { alloc_page } from '../../mm/page_alloc.ts'
import { PageLocked } from '../../mm/page-flags.ts'
import { anon_vma_cachep } from '../../mm/rmap_anon_vma.ts'
import { page_anon_vma } from '../../mm/rmap_walk.ts'
import { isFreed, liveObjects } from '../../mm/slab.ts'
import { checkLocksReleased, forgetLocks, might_sleep, setThread } from '../../ops.ts'
import { rcu_read_lock, rcu_read_unlock } from '../../rcu.ts'
import { POISON_FREE, S } from '../../store.ts'

const R1 = 'v2.6.34+3f6c82728f4e'
const R2 = `${R1}+7f60c214fd3a`
const R3 = `${R2}+67b9509b2c68`
const ROOT = 'v2.6.35+012f18004da3'

/** A process with one page, and that page. */
function onePage(variant: string): { mm: Mm; p: Page; av: AnonVma } {
  machine(0, 0, 0, variant)
  const mm = mm_alloc()
  k.sys_mmap(mm, A, 1, RW)
  const p = write(mm, A, 7) as Page
  k.lru_add_drain()
  return { mm, p, av: page_anon_vma(p) }
}

const anonVmaOf = (mm: Mm): AnonVma => S[(k.find_vma(mm, A) as Vma) + vm_area.anon_vma]! as AnonVma
const isGone = (av: AnonVma): boolean => isFreed(anon_vma_cachep, av)
const lockOf = (av: AnonVma): number => S[av + anon_vma.rwsem]!
const refcount = (av: AnonVma): number => S[av + anon_vma.refcount]!

/** What the kernel stops at, or what it answers. */
function outcome(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    forgetLocks()
    if (error instanceof KernelBug) return error.anomaly
    throw error
  }
}

// ---- a page that nobody maps any more -------------------------------------------------------------------------------

/** Moves a page that was isolated before its process went, and with it its anon_vma. */
function moveUnmapped(variant: string): unknown {
  const { mm, p, av } = onePage(variant)
  k.isolateForMigration(p)
  // Another reference, as of a pin: else it would be seen that the page was freed.
  k.get_page(p)
  k.mmput(mm)
  t.ok(isGone(av), `${variant}: nothing keeps the anon_vma`)
  return outcome(() => k.__unmap_and_move(p, alloc_page()))
}

t.test('the anon_vma of a page that nobody maps is not looked at since 67b9509b2c68', async t => {
  for (const variant of ['v2.6.34', R1, R2]) t.equal(moveUnmapped(variant), 'use-after-free', variant)
  for (const variant of [R3, 'v2.6.35', 'v2.6.36', 'v2.6.38', 'v3.0', 'v3.14', 'v4.4', 'v4.5'])
    t.equal(moveUnmapped(variant), -EAGAIN, variant)
})

t.test('a page that is mapped moves, and its anon_vma has as many references afterwards as before', async t => {
  for (const variant of ['v2.6.34', R1, R2, R3, 'v2.6.35', 'v2.6.36', 'v2.6.38', 'v2.6.39', 'v3.0', 'v3.8', 'v4.4']) {
    const { p, av } = onePage(variant)
    const before = refcount(av)
    k.isolateForMigration(p)
    const newpage = alloc_page()
    t.equal(k.__unmap_and_move(p, newpage), 0, variant)
    t.same([refcount(av), lockOf(av), PageLocked(p), PageLocked(newpage)], [before, 0, false, false], variant)
    checkLocksReleased()
  }
})

// ---- who holds it ---------------------------------------------------------------------------------------------------

/** KSM holds an anon_vma whose process goes; then migration, which holds it too, lets go. */
function heldByKsm(variant: string, ksm: number): boolean {
  const { mm, av } = onePage(variant)
  S[av + ksm]!++
  k.get_anon_vma(av)
  k.mmput(mm)
  t.notOk(isGone(av), `${variant}: it is held`)
  k.put_anon_vma(av)
  return isGone(av)
}

t.test('migration frees what KSM holds until the two share a count (7f60c214fd3a)', async t => {
  t.ok(heldByKsm(R1, anon_vma.ksm_refcount), R1)
  for (const variant of [R2, 'v2.6.36', 'v2.6.39', 'v3.0']) t.notOk(heldByKsm(variant, anon_vma.refcount), variant)
})

t.test('vmas hold a reference since 01d8b20dec5f; before, they only have to be there', async t => {
  for (const [variant, count] of [
    ['v2.6.38', 0],
    ['v2.6.39', 1],
    ['v3.14', 1],
  ] as const) {
    const { mm, av } = onePage(variant)
    t.equal(refcount(av), count, variant)
    k.mmput(mm)
    t.ok(isGone(av), variant)
  }
})

/** A child's anon_vma is held while both processes go. Returns whether the parent's is kept. */
function rootOfHeld(variant: string): boolean {
  const { mm, av } = onePage(variant)
  const child = k.dup_mm(mm)
  const own = anonVmaOf(child)
  t.not(own, av, `${variant}: a child has its own`)
  k.get_anon_vma(own)
  k.mmput(mm)
  k.mmput(child)
  const kept = !isGone(av)
  k.put_anon_vma(own)
  t.same([isGone(av), isGone(own)], [true, true], variant)
  return kept
}

t.test('who is held holds the root, in which his lock lies', async t => {
  for (const [variant, kept] of [
    [R2, false],
    [ROOT, true],
    ['v2.6.38', true],
    ['v2.6.39', true],
    ['v4.4', true],
  ] as const)
    t.equal(rootOfHeld(variant), kept, variant)
})

// ---- locks ----------------------------------------------------------------------------------------------------------

t.test('each anon_vma has its own lock, since 012f18004da3 that of its root', async t => {
  for (const [variant, ofRoot] of [
    ['v2.6.35', false],
    [ROOT, true],
    ['v3.0', true],
    ['v4.4', true],
  ] as const) {
    const { mm, av } = onePage(variant)
    const own = anonVmaOf(k.dup_mm(mm))
    k.anon_vma_lock_write(own)
    t.same([lockOf(av) !== 0, lockOf(own) !== 0], [ofRoot, !ofRoot], variant)
    k.anon_vma_unlock_write(own)
    checkLocksReleased()
  }
})

t.test('the lock may be slept under since 2b575eb64f7a, and readers share it since 4fc3f1d66b1e', async t => {
  const sleep = (variant: string) => {
    const { av } = onePage(variant)
    k.anon_vma_lock_read(av)
    return outcome(() => might_sleep())
  }
  t.same(['v2.6.39', 'v3.0', 'v3.8'].map(sleep), ['sleep-in-atomic', undefined, undefined])
  forgetLocks()
  const twice = (variant: string) => {
    const { av } = onePage(variant)
    k.anon_vma_lock_read(av)
    return outcome(() => k.anon_vma_lock_read(av))
  }
  t.same(['v2.6.39', 'v3.0', 'v3.8'].map(twice), ['deadlock', 'deadlock', undefined])
  forgetLocks()
})

t.test('a page that lost its last map while its lock was waited for is not locked since f18194275c39', async t => {
  const lockAfterUnmap = (variant: string) => {
    const { mm, p } = onePage(variant)
    const { page_mapped } = k
    // Mapped at the first look, and not at the second: meanwhile the lock was another's.
    let looks = 0
    k.page_mapped = q => page_mapped(q) && looks++ === 0
    const av = k.page_lock_anon_vma_read(p)
    k.page_mapped = page_mapped
    if (av !== NULL) k.page_unlock_anon_vma_read(av)
    checkLocksReleased()
    k.mmput(mm)
    return av !== NULL
  }
  t.same([ROOT, 'v2.6.36', 'v2.6.38', 'v3.0'].map(lockAfterUnmap), [true, false, false, false])
})

/** How often the locks of a family are taken when a process goes whose vma has four anon_vmas. */
function locksOfUnlinking(variant: string): number {
  const { mm } = onePage(variant)
  let last = mm
  for (let i = 0; i < 3; i++) {
    last = k.dup_mm(last)
    // 7a3ef208e662 reuses what has no page.
    write(last, A, 8 + i)
  }
  const { anon_vma_lock_write } = k
  let taken = 0
  const counted = (av: AnonVma): void => {
    taken++
    anon_vma_lock_write(av)
  }
  Object.assign(k, { anon_vma_lock_write: counted })
  k.unlink_anon_vmas(k.find_vma(last, A))
  Object.assign(k, { anon_vma_lock_write })
  return taken
}

t.test('all anon_vmas of a vma are unlinked under one lock since eee2acbae1f2', async t => {
  t.same(['v2.6.39', 'v3.0'].map(locksOfUnlinking), [4, 2], 'and once more for what is freed')
})

t.test('a line of children that each outlive their parent keeps three anon_vmas since 7a3ef208e662', async t => {
  const afterGenerations = (variant: string): number => {
    const { mm } = onePage(variant)
    let last = mm
    for (let i = 0; i < 5; i++) {
      const child = k.dup_mm(last)
      k.mmput(last)
      last = child
    }
    return liveObjects(anon_vma_cachep)
  }
  t.same(['v3.14', 'v4.4'].map(afterGenerations), [6, 3])
})

// ---- memory ---------------------------------------------------------------------------------------------------------

/** Another CPU enters a section, or leaves it. */
function reader(enters: boolean): void {
  setThread(3)
  rcu_read_lock()
  if (!enters) rcu_read_unlock()
  setThread(0)
}

t.test('a freed anon_vma stays one while a reader may look at it, and may be another already', async t => {
  const { mm, p, av } = onePage('v4.5')
  reader(true)
  k.mmput(mm)
  t.ok(isGone(av))
  t.equal(k.page_get_anon_vma(p), NULL)
  t.equal(refcount(av), 0, 'as its last owner left it')
  const other = mm_alloc()
  k.sys_mmap(other, A, 1, RW)
  write(other, A, 8)
  t.equal(anonVmaOf(other), av, 'used again at once')
  reader(false)
  t.equal(refcount(av), 1, 'and not given back')
})

t.test("when the last reader has left, its memory is anybody's", async t => {
  const { mm, av } = onePage('v4.5')
  reader(true)
  k.mmput(mm)
  rcu_read_lock()
  rcu_read_unlock()
  t.equal(refcount(av), 0, 'one who came later does not count')
  reader(false)
  t.equal(
    outcome(() => k.get_anon_vma(av)),
    'use-after-free',
  )
  t.equal(
    outcome(() => S[av + anon_vma.rwsem]),
    POISON_FREE,
  )
})

t.test('memory that nobody was reading is given back at once, and is an anon_vma again only much later', async t => {
  onePage('v4.5')
  const others = Array.from({ length: 100 }, () => {
    const other = mm_alloc()
    k.sys_mmap(other, A, 1, RW)
    write(other, A, 8)
    const its = anonVmaOf(other)
    k.mmput(other)
    return its
  })
  t.ok(others.indexOf(others[0]!, 1) > 60)
})
