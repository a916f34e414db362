// Files of tmpfs and shared anonymous memory in v4.5, without races: what each operation adds to which count.

import t from 'tap'
import type { Machine } from '../../engine.ts'
import { fput, i_data } from '../fs/inode.ts'
import { build } from '../history/compose.ts'
import { DoesNotBuild } from '../history/patch.ts'
import { resolveVariant } from '../history/variant.ts'
import { k } from '../kernel.ts'
import { boot } from '../machine.ts'
import { checkLocksReleased } from '../ops.ts'
import { S } from '../store.ts'
import { leftovers, recount } from '../truth.ts'
import { EFAULT, ENOMEM } from './errno.ts'
import { find_get_entry, radix_tree_exceptional_entry } from './filemap.ts'
import { mm_alloc } from './fork.ts'
import { read, write } from './hugetlb_testing.ts'
import { type Inode, type Mm, mm_struct, type Page, page as struct_page, VM_READ, VM_WRITE } from './mm_types.ts'
import { MAP_SHARED } from './mmap_file.ts'
import { PageSwapCache, page_count, page_mapcount } from './page-flags.ts'
import { readCounters } from './vmstat.ts'

const N = 8
const A = N << 9
const B = 2 * A
const RW = VM_READ | VM_WRITE

/** A machine with a swap area of 64 pages, which is on. */
function machine(variant = 'v4.5'): void {
  const resolved = resolveVariant(variant)
  if (!resolved.ok) throw new Error(resolved.reason)
  const of: Machine = {
    hpage_nr: N,
    memory: 1 << 26,
    thp: 'always',
    nodes: 1,
    cpus: 2,
    debug_vm: true,
    swap: true,
    swap_area: 64 * 4096,
    swap_device: 'brd',
    page_cluster: 0,
    hugepage: N * 4096,
    pools: [{ size: N * 4096, pages: 0, overcommit: 0 }],
  }
  const kernel = build(resolved.variant.functions, of)
  if (kernel instanceof DoesNotBuild) throw new Error(kernel.reason)
  boot(of, kernel)
  k.sys_swapon()
}

/** [Shmem, Mapped, AnonPages, SwapCached, slots in use], in pages. */
function counts(): number[] {
  checkLocksReleased()
  const { Shmem, Mapped, AnonPages, SwapCached, SwapTotal, SwapFree } = readCounters()
  return [Shmem!, Mapped!, AnonPages!, SwapCached!, SwapTotal! - SwapFree!].map(bytes => bytes / 4096)
}

const truth = (mms: Readonly<Record<string, Mm>>): unknown[] =>
  recount({ mms: new Map(Object.entries(mms)), pins: [] }) as unknown[]

const rss = (mm: Mm): number[] => [S[mm + mm_struct.anon_rss]!, S[mm + mm_struct.shmem_rss]!]

function file(pages: number): Inode {
  const f = k.shmem_get_inode()
  k.do_truncate(f, pages)
  return f
}

/** Reclaims these pages now. */
function reclaim(...pages: readonly (Page | string)[]): void {
  k.lru_add_drain_all()
  k.reclaim_pages(pages as Page[], { inFlight: false })
  k.lru_add_drain_all()
}

t.test('shared anonymous memory: one page for all, counted once, with whoever maps it', async t => {
  machine()
  const mm = mm_alloc()
  t.equal(k.sys_mmap_shared(mm, A, 2, RW, 0), 0)
  const p = write(mm, A, 5) as Page
  t.same(
    [counts(), rss(mm)],
    [
      [1, 1, 0, 0, 0],
      [0, 1],
    ],
  )
  k.lru_add_drain_all()
  t.same([page_count(p), page_mapcount(p)], [2, 1], 'a reference of the file, one of the entry')
  const child = k.dup_mm(mm)
  t.same(rss(child), [0, 0], 'faults fill it in')
  t.equal(read(child, A), 5)
  t.equal(write(child, A, 6), p)
  t.equal(read(mm, A), 6)
  t.same([counts(), page_mapcount(p), truth({ mm, child })], [[1, 1, 0, 0, 0], 2, []])
  k.mmput(mm)
  t.same([counts(), truth({ child })], [[1, 1, 0, 0, 0], []])
  k.mmput(child)
  t.same([counts(), leftovers()], [[0, 0, 0, 0, 0], []])
})

t.test('a private mapping: what it reads is the file s, what it writes its own, also after fork', async t => {
  machine()
  const mm = mm_alloc()
  const f = file(2)
  k.sys_mmap_file(mm, A, 2, RW, MAP_SHARED, f, 0)
  k.sys_mmap_file(mm, B, 2, RW, 0, f, 0)
  const p = write(mm, A, 1)
  t.equal(read(mm, B), 1)
  t.same(rss(mm), [0, 2])
  t.not(write(mm, B, 2), p)
  t.same([counts(), rss(mm), truth({ mm })], [[1, 1, 1, 0, 0], [1, 1], []])
  t.equal(read(mm, B + 1), 0)
  t.not(write(mm, B + 1, 3), p, 'a copy of a hole')
  const child = k.dup_mm(mm)
  t.same(rss(child), [2, 0])
  write(child, B, 4)
  t.same([read(mm, A), read(mm, B), read(child, B)], [1, 2, 4])
  t.same([counts(), truth({ mm, child })], [[2, 1, 3, 0, 0], []])
  k.mmput(child)
  k.mmput(mm)
  t.same(counts(), [2, 0, 0, 0, 0])
  fput(f)
  t.same([counts(), leftovers()], [[0, 0, 0, 0, 0], []])
})

t.test(
  'truncation takes pages and copies of them, a hole leaves copies; beyond the end nothing can be had',
  async t => {
    machine()
    const mm = mm_alloc()
    const f = file(4)
    k.sys_mmap_file(mm, A, 4, RW, MAP_SHARED, f, 0)
    k.sys_mmap_file(mm, B, 4, RW, 0, f, 0)
    for (let i = 0; i < 4; i++) {
      write(mm, A + i, 1)
      write(mm, B + i, 2)
    }
    t.same(counts(), [4, 4, 4, 0, 0])
    t.equal(k.vfs_punch_hole(f, 0, 1), 0)
    t.same([counts(), read(mm, A), read(mm, B)], [[3, 3, 4, 0, 0], 0, 2])
    t.equal(k.do_truncate(f, 2), 0)
    t.same([counts(), truth({ mm })], [[2, 2, 2, 0, 0], []])
    t.same([read(mm, A + 2), write(mm, B + 3, 3)], ['BUS_ADRERR', 'BUS_ADRERR'])
    t.equal(k.get_user_pages(mm, A + 2, 1, true).error, -EFAULT)
    k.do_truncate(f, 4)
    t.same([read(mm, A + 2), read(mm, B + 3)], [0, 0])
    fput(f)
    k.mmput(mm)
    t.same([counts(), leftovers()], [[0, 0, 0, 0, 0], []])
  },
)

t.test('what fallocate has put beyond the end goes with a truncation to the same size, and of what it could not', t => {
  machine()
  const mm = mm_alloc()
  const f = file(2)
  k.vfs_fallocate(mm, f, 0, 4, true)
  t.equal(counts()[0], 4)
  k.do_truncate(f, 2)
  t.equal(counts()[0], 2)
  t.equal(k.vfs_fallocate(mm, f, 1, 1 << 20, true), -ENOMEM)
  t.equal(counts()[0], 2, 'the second page it was promised before')
  fput(f)
  k.mmput(mm)
  t.same(leftovers(), [])
  t.end()
})

t.test(
  'a read maps what the file has around it, within 64K and the page table, but not what nobody has used yet',
  async t => {
    machine()
    const mm = mm_alloc()
    const f = file(2 * N)
    k.vfs_fallocate(mm, f, 0, N, false)
    k.sys_mmap_file(mm, A, 2 * N, RW, MAP_SHARED, f, 0)
    for (const i of [1, 2, N]) write(mm, A + i, i)
    t.same(counts(), [N + 1, 3, 0, 0, 0])
    k.sys_madvise(mm, A, 2 * N, 'dontneed')
    t.same([counts(), read(mm, A + 2)], [[N + 1, 0, 0, 0, 0], 2])
    t.same(
      [counts(), rss(mm)],
      [
        [N + 1, 2, 0, 0, 0],
        [0, 2],
      ],
      'not the next page table s',
    )
    fput(f)
    k.mmput(mm)
    t.same(leftovers(), [])
  },
)

t.test('in swap: the file has an entry, which a touch, swapoff or a hole turns into a page or nothing', async t => {
  machine()
  const mm = mm_alloc()
  const f = file(4)
  k.sys_mmap_file(mm, A, 4, RW, MAP_SHARED, f, 0)
  reclaim(...[0, 1, 2, 3].map(i => write(mm, A + i, 7 + i)))
  t.same([counts(), rss(mm), truth({ mm })], [[0, 0, 0, 0, 4], [0, 0], []])
  t.ok(radix_tree_exceptional_entry(find_get_entry(i_data(f), 0)))
  t.equal(read(mm, A), 7)
  t.same([counts(), truth({ mm })], [[1, 1, 0, 0, 3], []])
  k.vfs_punch_hole(f, 1, 1)
  t.same([counts(), read(mm, A + 1)], [[1, 1, 0, 0, 2], 0])
  k.sys_madvise(mm, A + 2, 1, 'willneed')
  t.same([counts(), truth({ mm })], [[2, 2, 0, 1, 2], []], 'read into the swap cache, and still in its slot')
  t.equal(k.sys_swapoff(), 0)
  t.same([counts(), truth({ mm })], [[4, 2, 0, 0, 0], []])
  t.same([read(mm, A + 2), read(mm, A + 3)], [9, 10])
  fput(f)
  k.mmput(mm)
  t.same([counts(), leftovers()], [[0, 0, 0, 0, 0], []])
})

t.test(
  'a page that reclaim has written and not freed is in the swap cache, is neither mapped nor anonymous, and moves',
  async t => {
    for (const variant of ['v4.5', 'v2.6.34', 'v3.8', 'v5.18']) {
      machine(variant)
      const mm = mm_alloc()
      k.sys_mmap_shared(mm, A, 1, RW, 0)
      const p = write(mm, A, 7) as Page
      k.lru_add_drain_all()
      k.reclaim_pages([p], { inFlight: true })
      k.finishWriteback(p, true)
      k.lru_add_drain_all()
      t.same([counts(), PageSwapCache(p), S[p + struct_page.mapping]], [[0, 0, 0, 1, 1], true, 0], variant)
      t.equal(k.migratePage(p), 0, variant)
      t.same([counts(), PageSwapCache(p), truth({ mm })], [[0, 0, 0, 1, 1], false, []], variant)
      t.equal(read(mm, A), 7, variant)
      t.same([counts(), truth({ mm })], [[1, 1, 0, 0, 0], []], variant)
      k.mmput(mm)
      k.sys_swapoff()
      k.lru_add_drain_all()
      t.same(leftovers(), [], variant)
    }
  },
)

t.test('mremap and munmap of a part: the file goes on with the pieces, and joined they are one vma again', async t => {
  machine()
  const mm = mm_alloc()
  k.sys_mmap_shared(mm, A, 4, RW, 0)
  for (let i = 0; i < 4; i++) write(mm, A + i, i)
  t.equal(k.sys_mremap(mm, A + 2, 2, B, 2), 0)
  t.same([read(mm, B), read(mm, B + 1), truth({ mm })], [2, 3, []])
  t.equal(k.sys_mprotect(mm, A, 1, VM_READ), 0)
  t.equal(write(mm, A, 9), 'SEGV_ACCERR')
  t.equal(k.sys_mprotect(mm, A, 1, RW), 0)
  t.same([S[mm + mm_struct.map_count], truth({ mm })], [2, []])
  t.equal(k.sys_munmap(mm, A, 1), 0)
  t.same([counts(), truth({ mm })], [[4, 3, 0, 0, 0], []])
  k.mmput(mm)
  t.same([counts(), leftovers()], [[0, 0, 0, 0, 0], []])
})
