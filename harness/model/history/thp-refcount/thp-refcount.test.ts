// The per-operation table of the old THP refcounting (v4.4), row by row, and what a split does with pins.

import t from 'tap'
import type { Machine } from '../../../engine.ts'
import { k } from '../../kernel.ts'
import { boot } from '../../machine.ts'
import { mm_alloc } from '../../mm/fork.ts'
import { type Mm, type Page, page, VM_HUGEPAGE, VM_READ, VM_WRITE } from '../../mm/mm_types.ts'
import { PG_dirty, PG_head, PG_mlocked, PG_unevictable } from '../../mm/page-flags.ts'
import { readCounters } from '../../mm/vmstat.ts'
import { checkLocksReleased } from '../../ops.ts'
import { S } from '../../store.ts'
import { leftovers, recount } from '../../truth.ts'
import { build } from '../compose.ts'
import { DoesNotBuild } from '../patch.ts'
import { resolveVariant } from '../variant.ts'

const N = 8
const A = 1 << 12
const machine: Machine = {
  hpage_nr: N,
  memory: undefined,
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

/** One process with one huge page mapped at A, drained off the pagevec. */
function oneHugePage(name = 'v4.4'): { mm: Mm; head: Page } {
  const resolved = resolveVariant(name)
  if (!resolved.ok) throw new Error(resolved.reason)
  const kernel = build(resolved.variant.functions, machine)
  if (kernel instanceof DoesNotBuild) throw new Error(kernel.reason)
  boot(machine, kernel)
  const mm = mm_alloc()
  k.sys_mmap(mm, A, N, VM_READ | VM_WRITE | VM_HUGEPAGE)
  const head = k.user_access(mm, A, true)
  if (typeof head !== 'number') throw new Error(head.signal)
  k.lru_add_drain()
  return { mm, head }
}

const frame = (head: Page, i: number): Page => (head + i * page.SIZE) as Page
const all = (n: number): number[] => Array(N).fill(n)
/** `n` everywhere but at some places. */
const but = (n: number, at: Record<number, number>): number[] => all(n).map((m, i) => at[i] ?? m)
const field = (head: Page, f: number): number[] => all(0).map((_, i) => S[frame(head, i) + f]!)
const counts = (head: Page) => field(head, page._count)
const mapcounts = (head: Page) => field(head, page._mapcount).map(n => n + 1)
const flags = (head: Page, bits: number) => field(head, page.flags).map(f => f & bits)
const truth = (mms: Record<string, Mm>, pins: Page[][] = []) => recount({ mms: new Map(Object.entries(mms)), pins })

function pinned(mm: Mm, addr: number): Page[] {
  const { pages } = k.get_user_pages(mm, addr, 1, true)
  checkLocksReleased()
  return pages
}

t.test('fault in: one reference and one map, in the head', async t => {
  const { mm, head } = oneHugePage()
  t.same(counts(head), but(0, { 0: 1 }))
  t.same(mapcounts(head), but(0, { 0: 1 }))
  const { thp_fault_alloc, AnonHugePages, AnonPages } = readCounters()
  t.same([thp_fault_alloc, AnonHugePages, AnonPages], [1, N * 4096, N * 4096])
  t.same(truth({ mm }), [])
})

t.test('gup of a tail is counted in its mapcount and in the head, and put gives both back', async t => {
  const { mm, head } = oneHugePage()
  const pins = [pinned(mm, A + 3), pinned(mm, A + 3), pinned(mm, A)]
  t.same(counts(head), but(0, { 0: 4 }))
  t.same(mapcounts(head), but(0, { 0: 1, 3: 2 }))
  t.same(truth({ mm }, pins), [])
  t.ok(truth({ mm }, pins.slice(1)).length > 0, 'a pin that is forgotten is noticed')
  k.get_page(frame(head, 3))
  t.same([counts(head)[0], mapcounts(head)[3]], [5, 3], 'also without the page table lock')
  k.put_page(frame(head, 3))
  for (const pin of pins) k.put_user_pages(pin, false)
  t.same(counts(head), but(0, { 0: 1 }))
  t.same(mapcounts(head), but(0, { 0: 1 }))
})

t.test('fork: one more reference and one more map', async t => {
  const { mm, head } = oneHugePage()
  const child = k.dup_mm(mm)
  t.same([counts(head), mapcounts(head)], [but(0, { 0: 2 }), but(0, { 0: 2 })])
  t.same(truth({ mm, child }), [])
})

t.test('unmapping half splits the page, and its frames are free at once', async t => {
  const { mm, head } = oneHugePage()
  k.sys_munmap(mm, A + N / 2, N / 2)
  t.same(counts(head), [1, 1, 1, 1, 0, 0, 0, 0])
  t.same(mapcounts(head), [1, 1, 1, 1, 0, 0, 0, 0])
  const { thp_split, AnonHugePages, AnonPages, thp_split_pmd } = readCounters()
  t.same([thp_split, AnonHugePages, AnonPages, thp_split_pmd], [1, 0, (N / 2) * 4096, undefined])
  t.same(truth({ mm }), [])
})

t.test('with a second mm both are split', async t => {
  const { mm, head } = oneHugePage()
  const child = k.dup_mm(mm)
  k.sys_munmap(mm, A + N / 2, N / 2)
  t.same(counts(head), [2, 2, 2, 2, 1, 1, 1, 1])
  t.equal(readCounters().thp_split, 1)
  t.same(truth({ mm, child }), [])
})

for (const maps of [1, 2])
  t.test(`a split hands pins to the pages that they meant, mapped ${maps} time(s)`, async t => {
    const { mm, head } = oneHugePage()
    const pins = [pinned(mm, A), pinned(mm, A + 1), pinned(mm, A + 5), pinned(mm, A + 5), pinned(mm, A + 5)]
    const mms: Record<string, Mm> = { mm }
    if (maps === 2) mms.child = k.dup_mm(mm)
    t.equal(k.split_huge_pages_pfn(head), 0)
    t.same(counts(head), but(maps, { 0: maps + 1, 1: maps + 1, 5: maps + 3 }))
    t.same(mapcounts(head), all(maps))
    t.same(flags(head, PG_head | PG_dirty), but(PG_dirty, { 0: 0 }))
    t.same(truth(mms, pins), [])
    for (const pin of pins) k.put_user_pages(pin, false)
    for (const one of Object.values(mms)) k.mmput(one)
    t.same(leftovers(), [])
  })

t.test('a page that nobody maps any more is not split, and is freed by its last pin', async t => {
  const { mm, head } = oneHugePage()
  const pin = pinned(mm, A + 2)
  k.sys_munmap(mm, A, N)
  t.same([counts(head), mapcounts(head)], [but(0, { 0: 1 }), but(0, { 2: 1 })])
  t.equal(k.split_huge_page_to_list(head), 1)
  k.put_user_pages(pin, false)
  k.mmput(mm)
  t.same(leftovers(), [])
})

t.test('tails get PG_mlocked, and are unevictable as their head was', async t => {
  for (const name of ['v4.4', 'v4.4-e180cf806a93']) {
    const { mm, head } = oneHugePage(name)
    t.equal(k.sys_mlock(mm, A, N), 0)
    t.same(flags(head, PG_mlocked | PG_unevictable), but(0, { 0: PG_mlocked | PG_unevictable }))
    t.equal(k.split_huge_pages_pfn(head), 0)
    t.same(flags(head, PG_mlocked | PG_unevictable), all(PG_mlocked | PG_unevictable), name)
    const { Mlocked, Unevictable } = readCounters()
    t.same([Mlocked, Unevictable], [N * 4096, N * 4096])
    t.same(truth({ mm }), [])
  }
})

t.test('AnonPages is the same whether huge pages are counted in NR_ANON_PAGES or apart', async t => {
  for (const name of ['v4.4', 'v4.4-3cd14fcd3f12']) {
    const { mm, head } = oneHugePage(name)
    t.equal(readCounters().AnonPages, N * 4096, name)
    t.equal(k.split_huge_pages_pfn(head), 0)
    const { AnonPages, AnonHugePages } = readCounters()
    t.same([AnonPages, AnonHugePages], [N * 4096, 0], name)
    t.same(truth({ mm }), [])
  }
})
