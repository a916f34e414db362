// The split of a huge page, and what it does to counts, entries and flags.

import t from 'tap'
import type { Machine } from '../../engine.ts'
import { build } from '../history/compose.ts'
import { DoesNotBuild } from '../history/patch.ts'
import { resolveVariant } from '../history/variant.ts'
import { k } from '../kernel.ts'
import { boot } from '../machine.ts'
import { checkLocksReleased, down_write, up_write } from '../ops.ts'
import { S } from '../store.ts'
import { leftovers, recount } from '../truth.ts'
import { EBUSY } from './errno.ts'
import { mm_alloc } from './fork.ts'
import { type Mm, mm_struct, type Page, page, VM_HUGEPAGE, VM_READ, VM_WRITE } from './mm_types.ts'
import { lock_page, PG_head, subpage, unlock_page } from './page-flags.ts'
import { page_anon_vma } from './rmap_walk.ts'
import { readCounters } from './vmstat.ts'

const N = 4
const A = 1 << 12
const machine: Machine = {
  hpage_nr: N,
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

/** One process with one huge page at A, no pagevec. */
function oneHugePage(): { mm: Mm; head: Page } {
  const resolved = resolveVariant('v4.5')
  if (!resolved.ok) throw new Error(resolved.reason)
  const kernel = build(resolved.variant.functions, machine)
  if (kernel instanceof DoesNotBuild) throw new Error(kernel.reason)
  boot(machine, kernel)
  const mm = mm_alloc()
  k.sys_mmap(mm, A, N, VM_READ | VM_WRITE | VM_HUGEPAGE)
  const head = k.user_access(mm, A, true) as Page
  k.lru_add_drain()
  return { mm, head }
}

const cells = (head: Page, field: number): number[] => Array.from({ length: N }, (_, i) => S[subpage(head, i) + field]!)
const truth = (mms: Record<string, Mm>, pins: Page[][] = []) => recount({ mms: new Map(Object.entries(mms)), pins })
const events = () => {
  const { thp_split_page, thp_split_page_failed, thp_split_pmd } = readCounters()
  return [thp_split_page, thp_split_page_failed, thp_split_pmd]
}

t.test('each base page has as many references as maps, and nothing of a compound page', async t => {
  const { mm, head } = oneHugePage()
  const child = k.dup_mm(mm)
  k.sys_munmap(child, A, 1)
  t.equal(k.split_huge_pages_pfn(head), 0)
  checkLocksReleased()
  t.same(cells(head, page._count), [1, 2, 2, 2])
  t.same(cells(head, page._mapcount), [0, 1, 1, 1])
  t.same(cells(head, page.compound_head), [0, 0, 0, 0])
  t.same(new Set(cells(head, page.flags)).size, 1, 'all have the flags of the head')
  t.same(cells(head, page.index), [A, A + 1, A + 2, A + 3])
  t.same(events(), [1, 0, 2])
  t.same(truth({ mm, child }), [])
  k.mmput(mm)
  k.mmput(child)
  k.lru_add_drain_all()
  t.same(leftovers(), [])
})

t.test('a reference of somebody else is seen before anything is touched', async t => {
  const { mm, head } = oneHugePage()
  const { pages } = k.get_user_pages(mm, A + 2, 1, true)
  t.equal(k.split_huge_pages_pfn(head), -EBUSY)
  t.same(cells(head, page._count), [2, 0, 0, 0])
  t.same(events(), [0, 1, 0])
  t.same(truth({ mm }, [pages]), [])
})

t.test('a huge page that nobody maps has no anon_vma to hold, and stays', async t => {
  const { mm, head } = oneHugePage()
  const { pages } = k.get_user_pages(mm, A, 1, true)
  k.sys_munmap(mm, A, N)
  t.equal(k.split_huge_pages_pfn(head), -EBUSY)
  t.ok(S[head + page.flags]! & PG_head)
  t.same(events(), [0, 1, 0])
  t.same(truth({ mm }, [pages]), [])
})

t.test('frozen, every map is a migration entry; thawed, a map by PTE, as writable as before', async t => {
  const { mm, head } = oneHugePage()
  lock_page(head)
  const av = page_anon_vma(head)
  down_write(mm + mm_struct.mmap_sem)
  k.get_page(head)
  k.freeze_page(av, head)
  t.same(cells(head, page._count), [1, 0, 0, 0])
  t.same(cells(head, page._mapcount), [-1, -1, -1, -1])
  t.equal(readCounters().AnonPages, 0)
  t.same(truth({ mm }, [[head]]), [], 'nothing is stuck while the page is locked')
  unlock_page(head)
  t.same(
    truth({ mm }, [[head]]).map(({ anomaly }) => anomaly),
    Array(3).fill('stuck-migration-entry'),
  )
  lock_page(head)
  k.unfreeze_page(av, head)
  k.put_page(head)
  unlock_page(head)
  up_write(mm + mm_struct.mmap_sem)
  t.same(cells(head, page._count), [N, 0, 0, 0])
  t.same(cells(head, page._mapcount), [0, 0, 0, 0])
  t.equal(k.user_access(mm, A + 1, true), subpage(head, 1))
  t.same(truth({ mm }), [])
})

t.test('fork and mprotect take the right to write from a migration entry', async t => {
  const { mm, head } = oneHugePage()
  const av = page_anon_vma(head)
  lock_page(head)
  k.get_page(head)
  k.freeze_page(av, head)
  const child = k.dup_mm(mm)
  t.same(truth({ mm, child }, [[head]]), [])
  k.sys_munmap(child, A + 3, 1)
  k.unfreeze_page(av, head)
  k.put_page(head)
  unlock_page(head)
  t.same(cells(head, page._mapcount), [1, 1, 1, 0])
  t.not(k.user_access(mm, A, true), head, 'the parent copies')
  t.equal(k.user_access(child, A, false), head)
  t.same(truth({ mm, child }), [])
})
