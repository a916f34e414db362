// mlock and munlock of single pages: what stands in the page and in the counters after each function.

import t from 'tap'
import type { Machine } from '../../engine.ts'
import { build } from '../history/compose.ts'
import { DoesNotBuild } from '../history/patch.ts'
import { resolveVariant } from '../history/variant.ts'
import { k } from '../kernel.ts'
import { boot } from '../machine.ts'
import { checkLocksReleased, setCpu } from '../ops.ts'
import { S } from '../store.ts'
import { recount } from '../truth.ts'
import { mm_alloc } from './fork.ts'
import { type Mm, type Page, page, VM_HUGEPAGE, VM_NOHUGEPAGE, VM_READ, VM_WRITE } from './mm_types.ts'
import { lock_page, PageLRU, PageMlocked, PageUnevictable, unlock_page } from './page-flags.ts'
import { readCounters } from './vmstat.ts'

const N = 8
const A = 1 << 12
const machine: Machine = {
  hpage_nr: N,
  memory: 1 << 24,
  thp: 'madvise',
  nodes: 1,
  cpus: 2,
  debug_vm: true,
  swap: true,
  swap_area: 0,
  swap_device: 'loop',
  page_cluster: 0,
  hugepage: 2 ** 21,
  pools: [],
}

/** One process with `pages` mapped at A, a huge page or base pages, and on the LRU. */
function mapped(variant: string, pages: number, flag: number): { mm: Mm; first: Page } {
  const resolved = resolveVariant(variant)
  if (!resolved.ok) throw new Error(resolved.reason)
  const kernel = build(resolved.variant.functions, machine)
  if (kernel instanceof DoesNotBuild) throw new Error(kernel.reason)
  boot(machine, kernel)
  const mm = mm_alloc()
  k.sys_mmap(mm, A, pages, VM_READ | VM_WRITE | flag)
  const frames = Array.from({ length: pages }, (_, i) => k.user_access(mm, A + i, true))
  k.lru_add_drain()
  const first = frames[0]!
  if (typeof first !== 'number') throw new Error(first.signal)
  return { mm, first }
}

const thp = (variant: string) => mapped(variant, N, VM_HUGEPAGE)
const base = (variant: string, pages = 1) => mapped(variant, pages, VM_NOHUGEPAGE)

/** [NR_MLOCK, mlocked, munlocked, cleared, stranded, culled, rescued] since boot. */
function events(): number[] {
  checkLocksReleased()
  const c = readCounters()
  const names = ['mlocked', 'munlocked', 'cleared', 'stranded', 'culled', 'rescued']
  return [c.nr_mlock!, ...names.map(name => c[`unevictable_pgs_${name}`]!)]
}

const state = (p: Page): string =>
  [PageMlocked(p) && 'mlocked', PageLRU(p) && 'lru', PageUnevictable(p) && 'unevictable'].filter(Boolean).join(' ')

/** Calls what wants the page lock. */
function locked<T>(p: Page, f: () => T): T {
  lock_page(p)
  const result = f()
  unlock_page(p)
  return result
}

const truth = (mms: Record<string, Mm>, pins: Page[][] = []) => recount({ mms: new Map(Object.entries(mms)), pins })

for (const [kind, make, n] of [
  ['a base page', base, 1],
  ['a huge page', thp, N],
] as const) {
  t.test(`${kind}: flagged once, munlocked once, and the mask of its size in both answers`, async t => {
    const { first } = make('v4.5')
    locked(first, () => k.mlock_vma_page(first))
    t.same([events(), state(first)], [[n, 1, 0, 0, 0, 1, 0], 'mlocked lru unevictable'])
    locked(first, () => k.mlock_vma_page(first))
    t.same(events(), [n, 1, 0, 0, 0, 1, 0])
    t.equal(
      locked(first, () => k.munlock_vma_page(first)),
      n - 1,
    )
    t.same([events(), state(first)], [[0, 1, 1, 0, 0, 1, 1], ''])
    k.lru_add_drain()
    t.equal(state(first), 'lru')
    t.equal(
      locked(first, () => k.munlock_vma_page(first)),
      n - 1,
    )
    t.same(events(), [0, 1, 1, 0, 0, 1, 1])
  })

  t.test(`${kind}: isolated meanwhile, it is stranded, and putting it back finds its list`, async t => {
    const { mm, first } = make('v4.5')
    locked(first, () => k.mlock_vma_page(first))
    t.equal(k.isolate_lru_page(first), 0)
    t.equal(
      locked(first, () => k.munlock_vma_page(first)),
      n - 1,
    )
    t.same([events(), state(first)], [[0, 1, 0, 0, 1, 1, 0], 'unevictable'])
    t.same(truth({ mm }, [[first]]), [])
    k.putback_lru_page(first)
    k.lru_add_drain()
    t.same([events(), state(first)], [[0, 1, 0, 0, 1, 1, 1], 'lru'])
  })

  t.test(`${kind}: isolated before mlock, its munlock has nothing to strand`, async t => {
    const { first } = make('v4.5')
    t.equal(k.isolate_lru_page(first), 0)
    locked(first, () => k.mlock_vma_page(first))
    t.same([events(), state(first)], [[n, 1, 0, 0, 0, 0, 0], 'mlocked'])
    locked(first, () => k.munlock_vma_page(first))
    t.same([events(), state(first)], [[0, 1, 1, 0, 0, 0, 0], ''])
  })

  t.test(`${kind}: with its last map the flag is cleared, which counts once`, async t => {
    const { first } = make('v4.5')
    k.clear_page_mlock(first)
    t.same(events(), [0, 0, 0, 0, 0, 0, 0])
    locked(first, () => k.mlock_vma_page(first))
    k.clear_page_mlock(first)
    t.same(events(), [0, 1, 0, 1, 0, 1, 1])
  })

  t.test(`${kind}: cleared while isolated, it is stranded if it came from the unevictable list`, async t => {
    const { first } = make('v4.5')
    t.equal(k.isolate_lru_page(first), 0)
    locked(first, () => k.mlock_vma_page(first))
    k.clear_page_mlock(first)
    t.same(events(), [0, 1, 0, 1, 0, 0, 0])
    k.putback_lru_page(first)
    k.lru_add_drain()
    locked(first, () => k.mlock_vma_page(first))
    t.equal(k.isolate_lru_page(first), 0)
    k.clear_page_mlock(first)
    t.same(events(), [0, 2, 0, 2, 1, 1, 0])
  })

  t.test(`${kind} of v5.18: each locked map counts, in base pages`, async t => {
    const { mm, first } = make('v5.18')
    k.sys_mlock(mm, A, n)
    t.same([events(), state(first), S[first + page.mlock_count]], [[n, n, 0, 0, 0, n, 0], 'mlocked lru unevictable', 1])
    k.mlock_page(first)
    k.lru_add_drain()
    t.same([events(), S[first + page.mlock_count]], [[n, n, 0, 0, 0, n, 0], 2])
    t.match(truth({ mm }), [
      { anomaly: 'mapcount-mismatch', text: /mlock_count of frame \d+ is 2, the truth is 1 at most/ },
    ])
    k.munlock_page(first)
    k.lru_add_drain()
    t.same([events(), state(first), S[first + page.mlock_count]], [[n, n, 0, 0, 0, n, 0], 'mlocked lru unevictable', 1])
    t.same(truth({ mm }), [])
    k.sys_munlock(mm, A, n)
    t.same([events(), state(first)], [[0, n, n, 0, 0, n, n], 'lru'])
    t.same(truth({ mm }), [])
  })

  t.test(`${kind} of v5.18: off the LRU it counts nobody, and comes back with none`, async t => {
    const { mm, first } = make('v5.18')
    k.sys_mlock(mm, A, n)
    t.equal(k.isolate_lru_page(first), 0)
    k.putback_lru_page(first)
    k.lru_add_drain()
    t.same([state(first), S[first + page.mlock_count]], ['mlocked lru unevictable', 0])
    t.equal(k.isolate_lru_page(first), 0)
    k.sys_munlock(mm, A, n)
    t.same([events(), state(first)], [[0, n, 0, 0, n, n, 0], 'unevictable'])
    k.putback_lru_page(first)
    k.lru_add_drain()
    t.same([events(), state(first)], [[0, n, 0, 0, n, n, n], 'lru'])
    t.same(truth({ mm }), [])
  })
}

t.test('without the page lock nobody mlocks or munlocks, and never a tail', async t => {
  const { first } = thp('v4.5')
  t.throws(() => k.mlock_vma_page(first), { message: /!PageLocked/ })
  t.throws(() => k.munlock_vma_page(first), { message: /!PageLocked/ })
  const tail = (first + page.SIZE) as Page
  lock_page(first)
  t.throws(() => k.mlock_vma_page(tail), { message: /PageTail/ })
  t.throws(() => k.munlock_vma_page(tail), { message: /PageTail/ })
})

t.test(
  'v5.18: base pages wait in the pagevec of their CPU, fifteen at most; any drain of all CPUs finds them',
  async t => {
    const { mm, first } = base('v5.18', 16)
    setCpu(1)
    const pages = Array.from({ length: 16 }, (_, i) => k.user_access(mm, A + i, false) as Page)
    for (const p of pages.slice(0, 14)) k.mlock_page(p)
    t.same([events(), state(first)], [[14, 14, 0, 0, 0, 0, 0], 'mlocked lru'])
    k.mlock_page(pages[14]!)
    t.same([events(), state(first)], [[15, 15, 0, 0, 0, 15, 0], 'mlocked lru unevictable'])
    k.mlock_page(pages[15]!)
    setCpu(0)
    k.lru_add_drain()
    t.equal(state(pages[15]!), 'mlocked lru')
    k.lru_add_drain_all()
    t.equal(state(pages[15]!), 'mlocked lru unevictable')
  },
)
