// Huge pages of hugetlb in v4.5: counters of the pool, operation by operation, and what stands in the pages.

import t from 'tap'
import { fput } from '../fs/inode.ts'
import { k } from '../kernel.ts'
import { leftovers } from '../truth.ts'
import { EINVAL, ENOMEM } from './errno.ts'
import { mm_alloc } from './fork.ts'
import { default_hstate, hstates, readNodePool, size_to_hstate } from './hugetlb_hstate.ts'
import { A, machine, map, N, pool, RW, read, truth, write } from './hugetlb_testing.ts'
import { NULL, type Page, VM_READ } from './mm_types.ts'
import { MAP_NORESERVE, MAP_SHARED } from './mmap_file.ts'
import { NUMA_NO_NODE, page_to_nid } from './mmzone.ts'
import { page_count, page_mapcount, put_page, subpage } from './page-flags.ts'
import { readCounters } from './vmstat.ts'

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

  for (const variant of ['v3.8', 'v4.4', 'v4.5', 'v5.18'])
    t.test(`${size}, private, ${variant}: after a fork the owner copies first, beyond its reserve`, async t => {
      machine(4, 0, 4, variant)
      const h = of()
      const mm = mm_alloc()
      map(mm, A, nr, 0, h)
      const old = write(mm, A, 1) as Page
      const child = k.dup_mm(mm)
      t.same([pool(h), page_count(old), page_mapcount(old)], [[4, 3, 0, 0], 2, 2])
      t.same(truth({ mm, child }), [])
      t.not(write(mm, A, 2), old)
      t.same([pool(h), page_count(old), page_mapcount(old)], [[4, 2, 0, 0], 1, 1])
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

for (const nr of [4, 4 * N, 2 * (N << 9)]) {
  t.test(`a page of ${nr} frames, which no single entry maps: fork, COW, rights, exit`, async t => {
    machine(1, 0, 0, 'v4.5', [{ size: nr * 4096, pages: 3, overcommit: 0 }])
    const h = size_to_hstate(nr * 4096)
    const mm = mm_alloc()
    const B = 2 * A
    map(mm, N, N)
    write(mm, N, 9)
    t.equal(map(mm, B, 2 * nr, 0, h), 0)
    t.same(
      [pool(h), pool()],
      [
        [3, 3, 2, 0],
        [1, 0, 0, 0],
      ],
    )
    const first = write(mm, B, 1) as Page
    t.equal(write(mm, B + nr - 1, 2), subpage(first, nr - 1))
    const child = k.dup_mm(mm)
    t.same([page_count(first), page_mapcount(first), truth({ mm, child })], [2, 2, []])
    t.not(write(mm, B + nr - 2, 3), subpage(first, nr - 2))
    t.same([read(mm, B), read(mm, B + nr - 2), read(mm, B + nr - 1)], [1, 3, 2])
    t.same([read(child, B), read(child, B + nr - 2), read(child, B + nr - 1)], [1, 0, 2])
    t.equal(k.sys_mprotect(child, B, nr, VM_READ), 0)
    t.equal(write(child, B + 1, 1), 'SEGV_ACCERR')
    t.same([pool(h), truth({ mm, child })], [[3, 1, 1, 0], []])
    k.mmput(child)
    k.mmput(mm)
    t.same([pool(h), pool(), leftovers()], [[3, 3, 0, 0], [1, 1, 0, 0], []])
    t.equal(k.set_max_huge_pages(h, 0, 1), 0)
    t.equal(k.set_max_huge_pages(h, 2, 1), 2)
    t.same(truth({}), [])
  })
}

t.test('a page of 1G where base pages and small huge pages were mapped before', async t => {
  machine(1, 0, 1)
  const mm = mm_alloc()
  k.sys_mmap(mm, A, N, RW)
  map(mm, A + N, N)
  t.same(
    [write(mm, A, 1), write(mm, A + N, 1)].map(frame => typeof frame),
    ['number', 'number'],
  )
  t.same(truth({ mm }), [])
  k.sys_munmap(mm, A, 2 * N)
  t.equal(map(mm, A, N << 9, 0, hstates[1]), 0)
  t.same([read(mm, A), typeof write(mm, A + N, 2), read(mm, A + N)], [0, 'number', 2])
  t.same([pool(hstates[1]), truth({ mm })], [[1, 0, 0, 0], []])
  k.sys_munmap(mm, A, N << 9)
  k.sys_mmap(mm, A, N, RW)
  t.same([read(mm, A), truth({ mm })], [0, []])
  k.mmput(mm)
  t.same(leftovers(), [])
})

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
  t.equal(k.set_max_huge_pages(default_hstate, 0, 1), 0)
  t.same(pool(), [2, 1, 1, 2])
  t.same(truth({ mm }), [])
  k.sys_munmap(mm, A, 2 * N)
  t.same(pool(), [0, 0, 0, 0])
  t.equal(k.set_max_huge_pages(default_hstate, 3, 1), 3)
  t.same(pool(), [3, 3, 0, 0])
  k.mmput(mm)
  t.same(leftovers(), [])
})

t.test('a file: private writes do not reach it, truncation takes its pages', async t => {
  machine(4)
  const mm = mm_alloc()
  const file = k.hugetlbfs_get_inode(default_hstate, NULL)
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

t.test('frames of two nodes are told apart, and each pool has its own', async t => {
  machine([3, 1])
  const h = default_hstate
  const nodes = () => [0, 1].map(nid => Object.values(readNodePool(h, nid)))
  t.same(nodes(), [
    [3, 3, 0],
    [1, 1, 0],
  ])
  const pages = Array.from({ length: 4 }, () => k.alloc_huge_page_node(h, 1)).filter(p => p !== NULL)
  t.same([pages.map(page_to_nid), nodes()[1]], [[1], [1, 0, 0]], 'of this node and no other')
  t.same(truth({}, [pages]), [])
  k.__nr_hugepages_store_common(h, NUMA_NO_NODE, 0)
  t.same(nodes(), [
    [0, 0, 0],
    [1, 0, 1],
  ])
  for (const p of pages) put_page(p)
  t.same([nodes()[1], truth({}), leftovers()], [[0, 0, 0], [], []])
})
