// Huge pages of hugetlb in v4.5: counters of the pool, operation by operation, and what stands in the pages.

import t from 'tap'
import type { HugePool, Machine } from '../../engine.ts'
import { fput } from '../fs/inode.ts'
import { build } from '../history/compose.ts'
import { DoesNotBuild } from '../history/patch.ts'
import { resolveVariant } from '../history/variant.ts'
import { k } from '../kernel.ts'
import { boot } from '../machine.ts'
import { checkLocksReleased } from '../ops.ts'
import { leftovers, recount } from '../truth.ts'
import { EINVAL, ENOMEM } from './errno.ts'
import { Signal } from './fault.ts'
import { mm_alloc } from './fork.ts'
import { default_hstate, hstates, readPool } from './hugetlb_hstate.ts'
import { type Hstate, type Mm, type Page, VM_READ, VM_WRITE } from './mm_types.ts'
import { MAP_NORESERVE, MAP_SHARED } from './mmap_file.ts'
import { compound_mapcount, page_content, page_count, set_page_content } from './page-flags.ts'
import { readCounters } from './vmstat.ts'

const N = 8
/** A place that is aligned to every huge page. */
const A = N << 9
const RW = VM_READ | VM_WRITE

/** A machine with so many huge pages of each size, and how many more there may be. */
function machine(pages: number, overcommit = 0, gigantic = 0): void {
  const resolved = resolveVariant('v4.5')
  if (!resolved.ok) throw new Error(resolved.reason)
  const pools: HugePool[] = [
    { size: N * 4096, pages, overcommit },
    { size: (N << 9) * 4096, pages: gigantic, overcommit: 0 },
  ]
  const of: Machine = {
    hpage_nr: N,
    memory: 1 << 28,
    thp: 'madvise',
    cpus: 2,
    debug_vm: true,
    swap: true,
    hugepage: N * 4096,
    pools,
  }
  const kernel = build(resolved.variant.functions, of)
  if (kernel instanceof DoesNotBuild) throw new Error(kernel.reason)
  boot(of, kernel)
}

/** [nr, free, resv, surplus] */
function pool(h: Hstate = default_hstate): number[] {
  checkLocksReleased()
  const { nr, free, resv, surplus } = readPool(h)
  return [nr, free, resv, surplus]
}

/** Writes one content into the base page at `addr`; the frame, or the signal. */
function write(mm: Mm, addr: number, content: number): Page | string {
  const frame = k.user_access(mm, addr, true, p => set_page_content(p, content))
  return frame instanceof Signal ? frame.code : frame
}

function read(mm: Mm, addr: number): number | string {
  let content = -1
  const frame = k.user_access(mm, addr, false, p => {
    content = page_content(p)
  })
  return frame instanceof Signal ? frame.code : content
}

const truth = (mms: Record<string, Mm>, pins: Page[][] = []) => recount({ mms: new Map(Object.entries(mms)), pins })
const map = (mm: Mm, addr: number, pages: number, flags = 0, h = default_hstate) =>
  k.sys_mmap_hugetlb(mm, addr, pages, RW, flags, h)

for (const [size, of, nr] of [
  ['2M', () => hstates[0]!, N],
  ['1G', () => hstates[1]!, N << 9],
] as const) {
  t.test(`${size}, private: mmap reserves, the first touch takes a page, the last unmap gives it back`, async t => {
    machine(4, 0, 4)
    const h = of()
    const mm = mm_alloc()
    t.same(pool(h), [4, 4, 0, 0])
    t.equal(map(mm, A, 2 * nr, 0, h), 0)
    t.same(pool(h), [4, 4, 2, 0])
    t.equal(read(mm, A + nr), 0)
    t.same(pool(h), [4, 3, 1, 0])
    const frame = write(mm, A + nr + 1, 0x5a) as Page
    t.equal(read(mm, A + nr + 1), 0x5a)
    t.same(pool(h), [4, 3, 1, 0])
    t.same(truth({ mm }), [])
    t.same(readCounters().AnonPages, 0)
    t.equal(k.sys_munmap(mm, A, 2 * nr), 0)
    t.same(pool(h), [4, 4, 0, 0])
    t.same(truth({ mm }), [])
    t.equal(page_count(frame), 0)
    k.mmput(mm)
    t.same(leftovers(), [])
  })

  t.test(`${size}, private: after a fork the owner copies first, beyond its reserve`, async t => {
    machine(4, 0, 4)
    const h = of()
    const mm = mm_alloc()
    map(mm, A, nr, 0, h)
    const old = write(mm, A, 1) as Page
    const child = k.dup_mm(mm)
    t.same([pool(h), page_count(old), compound_mapcount(old)], [[4, 3, 0, 0], 2, 2])
    t.same(truth({ mm, child }), [])
    t.not(write(mm, A, 2), old)
    t.same([pool(h), page_count(old), compound_mapcount(old)], [[4, 2, 0, 0], 1, 1])
    t.same([read(mm, A), read(child, A)], [2, 1])
    t.equal(write(child, A, 3), old, 'the child maps it alone by now')
    t.same(truth({ mm, child }), [])
    k.mmput(child)
    t.same(pool(h), [4, 3, 0, 0])
    k.mmput(mm)
    t.same(pool(h), [4, 4, 0, 0])
    t.same(leftovers(), [])
  })
}

t.test('shared: parent and child see one page, which is counted once', async t => {
  machine(4)
  const mm = mm_alloc()
  map(mm, A, 2 * N, MAP_SHARED)
  t.same(pool(), [4, 4, 2, 0])
  const child = k.dup_mm(mm)
  write(child, A, 7)
  t.same(pool(), [4, 3, 1, 0])
  t.equal(read(mm, A), 7)
  t.same(pool(), [4, 3, 1, 0])
  t.same(truth({ mm, child }), [])
  k.mmput(mm)
  t.equal(read(child, A), 7)
  k.mmput(child)
  t.same(pool(), [4, 4, 0, 0])
  t.same(leftovers(), [])
})

t.test('mmap beyond the pool: ENOMEM, or a surplus where overcommit allows it, given back unused', async t => {
  machine(1, 1)
  const mm = mm_alloc()
  t.equal(map(mm, A, 3 * N), -ENOMEM)
  t.same(pool(), [1, 1, 0, 0])
  t.equal(map(mm, A, 2 * N), 0)
  t.same(pool(), [2, 2, 2, 1])
  t.same(truth({ mm }), [])
  k.sys_munmap(mm, A, 2 * N)
  t.same(pool(), [1, 1, 0, 0])
  map(mm, A, 2 * N)
  write(mm, A, 1)
  write(mm, A + N, 1)
  t.same(pool(), [2, 0, 0, 1])
  k.mmput(mm)
  t.same(pool(), [1, 1, 0, 0])
  t.same(leftovers(), [])
})

t.test('the owner steals from its child where the pool has no page; the child gets SIGBUS', async t => {
  machine(1)
  const mm = mm_alloc()
  map(mm, A, N)
  const frame = write(mm, A, 1)
  const child = k.dup_mm(mm)
  t.equal(write(mm, A, 2), frame)
  t.same(pool(), [1, 0, 0, 0])
  t.same(truth({ mm, child }), [])
  t.equal(read(child, A), 'BUS_ADRERR')
  k.mmput(mm)
  t.equal(write(child, A, 1), 'BUS_ADRERR')
  k.mmput(child)
  t.same([pool(), leftovers()], [[1, 1, 0, 0], []])
})

t.test('NORESERVE: nothing is reserved; a fault takes what nobody has reserved, else SIGBUS', async t => {
  machine(2)
  const mm = mm_alloc()
  map(mm, A, N)
  map(mm, 2 * A, 2 * N, MAP_NORESERVE)
  t.same(pool(), [2, 2, 1, 0])
  t.type(write(mm, 2 * A, 1), 'number')
  t.same(pool(), [2, 1, 1, 0])
  t.equal(write(mm, 2 * A + N, 1), 'BUS_ADRERR')
  t.type(write(mm, A, 1), 'number')
  t.same(pool(), [2, 0, 0, 0])
  t.same(truth({ mm }), [])
  k.mmput(mm)
  t.same([pool(), leftovers()], [[2, 2, 0, 0], []])
})

t.test('nr_hugepages under load: pages in use become surplus, and go when they are freed', async t => {
  machine(4)
  const mm = mm_alloc()
  map(mm, A, 2 * N)
  write(mm, A, 1)
  t.equal(k.set_max_huge_pages(default_hstate, 0), 0)
  t.same(pool(), [2, 1, 1, 2])
  t.same(truth({ mm }), [])
  k.sys_munmap(mm, A, 2 * N)
  t.same(pool(), [0, 0, 0, 0])
  t.equal(k.set_max_huge_pages(default_hstate, 3), 3)
  t.same(pool(), [3, 3, 0, 0])
  k.mmput(mm)
  t.same(leftovers(), [])
})

t.test('a file: private writes do not reach it, truncation takes its pages', async t => {
  machine(4)
  const mm = mm_alloc()
  const file = k.hugetlbfs_get_inode(default_hstate, 0 as never)
  t.equal(k.sys_mmap_file(mm, A, N, RW, MAP_SHARED, file, 0), 0)
  t.equal(k.sys_mmap_file(mm, 2 * A, N, RW, 0, file, 0), 0)
  t.same(pool(), [4, 4, 2, 0])
  write(mm, A, 's'.charCodeAt(0))
  t.same([read(mm, 2 * A), pool()], [115, [4, 3, 1, 0]])
  write(mm, 2 * A, 'p'.charCodeAt(0))
  t.same([read(mm, A), read(mm, 2 * A), pool()], [115, 112, [4, 2, 0, 0]])
  t.same(truth({ mm }), [])
  t.equal(k.do_truncate(file, 1), -EINVAL)
  t.equal(k.do_truncate(file, 0), 0)
  t.same(pool(), [4, 4, 0, 0])
  t.same([read(mm, A), read(mm, 2 * A)], ['BUS_ADRERR', 'BUS_ADRERR'])
  t.same(truth({ mm }), [])
  k.mmput(mm)
  fput(file)
  t.same([pool(), leftovers()], [[4, 4, 0, 0], []])
})
