// The per-operation table of the THP refcounting of v4.5, row by row: counts of one huge page before and after.

import t from 'tap'
import type { Machine } from '../../engine.ts'
import { build } from '../history/compose.ts'
import { DoesNotBuild } from '../history/patch.ts'
import { resolveVariant } from '../history/variant.ts'
import { k } from '../kernel.ts'
import { boot } from '../machine.ts'
import { checkLocksReleased } from '../ops.ts'
import { S } from '../store.ts'
import { leftovers, recount } from '../truth.ts'
import { ENOMEM } from './errno.ts'
import { mm_alloc } from './fork.ts'
import { HPAGE_PMD_NR, zone } from './init.ts'
import { type Mm, type Page, page, tail, VM_HUGEPAGE, VM_NOHUGEPAGE, VM_READ, VM_WRITE } from './mm_types.ts'
import { readCounters } from './vmstat.ts'

const machine: Machine = {
  hpage_nr: 8,
  memory: undefined,
  thp: 'madvise',
  nodes: 1,
  cpus: 1,
  debug_vm: true,
  swap: true,
  swap_area: 0,
  swap_device: 'loop',
  page_cluster: 0,
  hugepage: 2 ** 21,
  pools: [],
}
const N = 8
const A = 1 << 12

function bootVariant(text: string, changes: Partial<Machine> = {}): void {
  const resolved = resolveVariant(text)
  if (!resolved.ok) throw new Error(resolved.reason)
  const kernel = build(resolved.variant.functions, { ...machine, ...changes })
  if (kernel instanceof DoesNotBuild) throw new Error(kernel.reason)
  boot({ ...machine, ...changes }, kernel)
}

/** One process with one huge page mapped at A, drained off the pagevec. */
function oneHugePage(variant = 'v4.5'): { mm: Mm; head: Page } {
  bootVariant(variant)
  const mm = mm_alloc()
  k.sys_mmap(mm, A, HPAGE_PMD_NR, VM_READ | VM_WRITE | VM_HUGEPAGE)
  const head = access(mm, A, true)
  k.lru_add_drain()
  return { mm, head }
}

function access(mm: Mm, addr: number, write: boolean): Page {
  const frame = k.user_access(mm, addr, write)
  if (typeof frame !== 'number') throw new Error(`${frame.signal} at ${frame.addr}`)
  checkLocksReleased()
  return frame
}

/** count / PMD maps / PTE maps of each base page, with DoubleMap taken off. */
function counts(head: Page): [count: number, pmds: number, ptes: number[]] {
  const doubled = S[head + page.SIZE + page.flags]! & 64 ? 1 : 0
  const ptes = Array.from({ length: N }, (_, i) => S[head + i * page.SIZE + page._mapcount]! + 1 - doubled)
  return [S[head + page._count]!, S[head + tail.compound_mapcount]! + 1, ptes]
}

const all = (n: number): number[] => Array(N).fill(n)
const truth = (mms: Record<string, Mm>, pins: Page[][] = []) => recount({ mms: new Map(Object.entries(mms)), pins })

t.test('fault in: one reference, one PMD map, and the pagevec until a drain', async t => {
  bootVariant('v4.5')
  const mm = mm_alloc()
  k.sys_mmap(mm, A, N, VM_READ | VM_WRITE | VM_HUGEPAGE)
  const head = access(mm, A, true)
  t.same(counts(head), [2, 1, all(0)])
  k.lru_add_drain()
  t.same(counts(head), [1, 1, all(0)])
  const { thp_fault_alloc, AnonPages, AnonHugePages } = readCounters()
  t.same([thp_fault_alloc, AnonPages, AnonHugePages], [1, N * 4096, N * 4096])
  t.same(truth({ mm }), [])
})

t.test('gup of a tail takes a reference of the head, and fork one more of each', async t => {
  const { mm, head } = oneHugePage()
  const { pages } = k.get_user_pages(mm, A + 3, 1, true)
  t.same(counts(head), [2, 1, all(0)])
  const child = k.dup_mm(mm)
  t.same(counts(head), [3, 2, all(0)])
  t.same(truth({ mm, child }, [pages]), [])
})

t.test('unmapping the upper half frees nothing: the page waits on the deferred split queue', async t => {
  const { mm, head } = oneHugePage()
  k.sys_munmap(mm, A + N / 2, N / 2)
  t.same(counts(head), [N / 2, 0, [1, 1, 1, 1, 0, 0, 0, 0]])
  const { AnonPages, AnonHugePages, thp_split_pmd } = readCounters()
  t.same([AnonPages, AnonHugePages, thp_split_pmd], [(N / 2) * 4096, 0, 1])
  t.equal(S[zone.split_queue_len], 1)
  t.same(truth({ mm }), [])
  k.sys_munmap(mm, A, N / 2)
  t.equal(S[zone.split_queue_len], 0)
  t.same(truth({ mm }), [])
})

t.test('with a second process that keeps its PMD the half-unmapped page becomes DoubleMap', async t => {
  const { mm, head } = oneHugePage()
  const child = k.dup_mm(mm)
  k.sys_munmap(mm, A + N / 2, N / 2)
  t.same(counts(head), [N / 2 + 1, 1, [1, 1, 1, 1, 0, 0, 0, 0]])
  t.equal(readCounters().AnonPages, N * 4096)
  t.equal(readCounters().AnonHugePages, N * 4096)
  t.same(truth({ mm, child }), [])
  k.mmput(child)
  t.same(counts(head), [N / 2, 0, [1, 1, 1, 1, 0, 0, 0, 0]])
  t.equal(readCounters().AnonPages, (N / 2) * 4096)
  t.same(truth({ mm }), [])
})

t.test('a read maps the huge zero page, a write replaces it', async t => {
  bootVariant('v4.5')
  const mm = mm_alloc()
  k.sys_mmap(mm, A, N, VM_READ | VM_WRITE | VM_HUGEPAGE)
  const zero = access(mm, A + 1, false)
  t.equal(zero, S[zone.huge_zero_page]! + page.SIZE)
  t.same([S[zone.huge_zero_refcount], readCounters().AnonPages, readCounters().thp_zero_page_alloc], [2, 0, 1])
  const child = k.dup_mm(mm)
  t.equal(S[zone.huge_zero_refcount], 3)
  access(mm, A, true)
  t.same([S[zone.huge_zero_refcount], readCounters().AnonPages, readCounters().thp_fault_alloc], [2, N * 4096, 1])
  k.sys_mprotect(child, A, 1, VM_READ)
  t.equal(S[zone.huge_zero_refcount], 1)
  t.same(truth({ mm, child }), [])
})

t.test('after the last process nothing is left', async t => {
  const { mm, head } = oneHugePage()
  const child = k.dup_mm(mm)
  access(child, A + 2, true)
  k.sys_munmap(mm, A, 1)
  k.sys_mremap(mm, A + 1, N - 1, 5 * N + 3, N - 1)
  t.same(truth({ mm, child }), [])
  k.mmput(mm)
  k.mmput(child)
  t.equal(S[head + page._count], 0)
  t.same(leftovers(), [])
})

t.test('mprotect of one page and back leaves one vma, a split PMD, and the page whole', async t => {
  const { mm, head } = oneHugePage()
  t.equal(k.sys_mprotect(mm, A + 2, 1, VM_READ), 0)
  t.equal(k.sys_mprotect(mm, A + 2, 1, VM_READ | VM_WRITE), 0)
  t.same(counts(head), [N, 0, all(1)])
  t.equal(k.sys_mprotect(mm, A - 1, 2, VM_READ), -ENOMEM)
  t.same(truth({ mm }), [])
})

t.test('base pages: the zero page for a read, one page for a write, a copy after fork', async t => {
  bootVariant('v4.5')
  const mm = mm_alloc()
  k.sys_mmap(mm, A, N, VM_READ | VM_WRITE | VM_NOHUGEPAGE)
  access(mm, A, false)
  t.equal(readCounters().AnonPages, 0)
  const first = access(mm, A, true)
  t.equal(readCounters().AnonPages, 4096)
  const child = k.dup_mm(mm)
  t.not(access(mm, A, true), first)
  t.equal(access(child, A, true), first)
  t.same(truth({ mm, child }), [])
})

t.test('the truth is told when a count is wrong', async t => {
  const { mm, head } = oneHugePage()
  const names = (change: () => void) => {
    change()
    const found = truth({ mm }).map(f => f.anomaly)
    return [...new Set(found)]
  }
  t.same(
    names(() => S[head + page._count]!++),
    ['refcount-mismatch'],
  )
  S[head + page._count]!--
  t.same(
    names(() => S[head + tail.compound_mapcount]!++),
    ['mapcount-mismatch'],
  )
  S[head + tail.compound_mapcount]!--
  t.same(
    names(() => S[head + page.index]!++),
    ['unreachable-by-rmap'],
  )
  S[head + page.index]!--
  t.same(
    names(() => (S[head + 4 * page.SIZE + page.mapping] = 1)),
    ['page-corrupted'],
  )
  S[head + 4 * page.SIZE + page.mapping] = 0x400
  t.same(
    names(() => S[zone.split_queue_len]!++),
    ['counter-drift'],
  )
  S[zone.split_queue_len]!--
  t.same(
    names(() => {}),
    [],
  )
})
