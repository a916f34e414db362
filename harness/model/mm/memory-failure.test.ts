// What memory_failure and its kin leave in struct page, counts and page tables: what cases cannot see.

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
import { EBUSY, EFAULT } from './errno.ts'
import { Signal } from './fault.ts'
import { mm_alloc } from './fork.ts'
import { put_user_pages } from './gup.ts'
import { zone } from './init.ts'
import { MF_ACTION_REQUIRED } from './memory-failure.ts'
import { BUS_MCEERR_AO, BUS_MCEERR_AR } from './memory-failure_kill.ts'
import { type Mm, mm_struct, type Page, task_struct, VM_HUGEPAGE, VM_READ, VM_WRITE } from './mm_types.ts'
import { PageHWPoison, PageLRU, page_count, subpage } from './page-flags.ts'

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

/** One process with `N` pages mapped at A, as a huge page or not, off the pagevecs. */
function mapped(flags = 0, variant = 'v4.5'): { mm: Mm; first: Page } {
  const resolved = resolveVariant(variant)
  if (!resolved.ok) throw new Error(resolved.reason)
  const kernel = build(resolved.variant.functions, machine)
  if (kernel instanceof DoesNotBuild) throw new Error(kernel.reason)
  boot(machine, kernel)
  const mm = mm_alloc()
  k.sys_mmap(mm, A, N, VM_READ | VM_WRITE | flags)
  for (let i = 0; i < N; i++) k.user_access(mm, A + i, true)
  k.lru_add_drain()
  return { mm, first: k.user_access(mm, A, true) as Page }
}

const truth = (mm: Mm, pins: Page[][] = []) => recount({ mms: new Map([['main', mm]]), pins })
const sigbus = (mm: Mm) => S[S[mm + mm_struct.owner]! + task_struct.sigbus]

t.afterEach(() => checkLocksReleased())

t.test('the handler keeps one reference, off the LRU, and unpoison gives it back', async t => {
  const { mm, first } = mapped()
  t.equal(k.memory_failure(first, 0), 0)
  t.same([page_count(first), PageHWPoison(first), PageLRU(first), S[zone.num_poisoned_pages]], [1, true, false, 1])
  t.same(truth(mm), [])
  const fault = k.user_access(mm, A, false)
  t.match(fault, { signal: 'SIGBUS', code: 'BUS_MCEERR_AR', addr: A })
  k.unpoison_memory(first)
  t.same([page_count(first), PageHWPoison(first), S[zone.num_poisoned_pages]], [0, false, 0])
  t.ok(k.user_access(mm, A, false) instanceof Signal, 'where it was mapped it stays lost')
  k.mmput(mm)
  t.same(leftovers(), [])
})

t.test('a frame that somebody holds is not given back by unpoison', async t => {
  const { mm, first } = mapped()
  const { pages } = k.get_user_pages(mm, A, 1, false)
  t.equal(k.memory_failure(first, 0), -EBUSY)
  k.unpoison_memory(first)
  t.same([page_count(first), PageHWPoison(first)], [2, true])
  t.same(truth(mm, [pages]), [])
  put_user_pages(pages, false)
  k.unpoison_memory(first)
  t.same([page_count(first), PageHWPoison(first)], [0, false])
})

t.test('one page of a huge page is marked, before and after the split', async t => {
  for (const i of [0, 5]) {
    const { mm, first } = mapped(VM_HUGEPAGE)
    t.equal(k.memory_failure(subpage(first, i), 0), 0)
    const marked = Array.from({ length: N }, (_, j) => PageHWPoison(subpage(first, j)))
    t.same(
      marked,
      marked.map((_, j) => j === i),
    )
    t.same(truth(mm), [], `page ${i}`)
  }
})

t.test('a huge page that cannot be split leaves no mark and no reference', async t => {
  const { mm, first } = mapped(VM_HUGEPAGE)
  const { pages } = k.get_user_pages(mm, A, 1, false)
  t.equal(k.memory_failure(subpage(first, 5), 0), -EBUSY)
  t.same([PageHWPoison(subpage(first, 5)), S[zone.num_poisoned_pages], page_count(first)], [false, 0, 2])
  t.same(truth(mm, [pages]), [])
})

t.test('a signal that waits already is not sent again, but one that must be acted on is', async t => {
  const { mm, first } = mapped()
  k.prctl_mce_kill(mm, 'early')
  k.memory_failure(first, 0)
  t.equal(sigbus(mm), BUS_MCEERR_AO)
  k.memory_failure(k.user_access(mm, A + 1, false) as Page, 0)
  t.same([sigbus(mm), S[S[mm + mm_struct.owner]! + task_struct.si_addr]], [BUS_MCEERR_AO, A])
  k.memory_failure(k.user_access(mm, A + 2, false) as Page, MF_ACTION_REQUIRED, mm)
  t.same([sigbus(mm), S[S[mm + mm_struct.owner]! + task_struct.si_addr]], [BUS_MCEERR_AR, A + 2])
})

t.test('madvise goes page by page, and stops at one that was lost before', async t => {
  const { mm } = mapped()
  t.equal(k.sys_madvise(mm, A, 2, 'hwpoison'), 0)
  t.equal(S[zone.num_poisoned_pages], 2)
  t.equal(k.sys_madvise(mm, A + 1, 2, 'hwpoison'), -EFAULT, 'its own is gone')
  t.equal(S[zone.num_poisoned_pages], 2)
})

t.test('soft offline leaves a free frame that is marked, and the LRU as it was', async t => {
  const { mm, first } = mapped()
  t.equal(k.soft_offline_page(first, 0), 0)
  t.same([page_count(first), PageHWPoison(first)], [0, true])
  const moved = k.user_access(mm, A, false)
  t.not(moved, first)
  t.same(truth(mm), [])
  t.equal(k.soft_offline_page(first, 0), -EBUSY, 'it is out of use already')
})
