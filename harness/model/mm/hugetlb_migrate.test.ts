// Huge pages of hugetlb that move, from v2.6.37 to v5.18: where they go, and what the pool, the counts and the maps are
// then.

import t from 'tap'
import { k } from '../kernel.ts'
import { leftovers } from '../truth.ts'
import { EAGAIN, EBUSY, EFAULT, EIO, ENOMEM } from './errno.ts'
import { mm_alloc } from './fork.ts'
import { hstates } from './hugetlb_hstate.ts'
import { A, machine, map, N, pool, read, truth, write } from './hugetlb_testing.ts'
import type { Page } from './mm_types.ts'
import { MAP_SHARED } from './mmap_file.ts'
import { get_page, PageHWPoison, page_count, page_mapcount, put_page, subpage } from './page-flags.ts'
import { readCounters } from './vmstat.ts'

const lost = (): number => readCounters().HardwareCorrupted! / 4096

for (const flags of [0, MAP_SHARED])
  t.test(
    `a ${flags === 0 ? 'private' : 'shared'} huge page moves in parent and child, and the old one is free`,
    async t => {
      machine(3)
      const mm = mm_alloc()
      map(mm, A, N, flags)
      const old = write(mm, A, 0x5a) as Page
      const child = k.dup_mm(mm)
      t.equal(k.migratePage(old), 0)
      t.same([pool(), page_count(old)], [[3, 2, 0, 0], 0])
      t.same([read(mm, A), read(child, A)], [0x5a, 0x5a])
      t.same(truth({ mm, child }), [])
      t.same([readCounters().pgmigrate_success, readCounters().pgmigrate_fail], [1, 0])
      k.mmput(child)
      k.mmput(mm)
      t.same(pool(), [3, 3, 0, 0])
      t.same(leftovers(), [])
    },
  )

t.test('one that somebody holds stays, and so does one that is isolated or free', async t => {
  machine(2)
  const mm = mm_alloc()
  map(mm, A, N)
  const head = write(mm, A, 1) as Page
  get_page(head)
  t.equal(k.migratePage(head), -EAGAIN)
  t.same([pool(), page_count(head), page_mapcount(head)], [[2, 1, 0, 0], 2, 1])
  put_page(head)
  t.equal(k.isolate_huge_page(head), true)
  t.equal(k.migratePage(head), -EBUSY)
  k.putback_active_hugepage(head)
  t.same(truth({ mm }), [])
  k.sys_munmap(mm, A, N)
  t.equal(k.migratePage(head), -EBUSY, 'it is free')
})

t.test(
  'without a page that nobody has reserved there is no memory; with overcommit a surplus page goes there',
  async t => {
    for (const [overcommit, answer, after] of [
      [0, -ENOMEM, [2, 1, 1, 0]],
      [1, 0, [2, 1, 1, 0]],
    ] as const) {
      machine(2, overcommit)
      const mm = mm_alloc()
      map(mm, A, N)
      const head = write(mm, A, 1) as Page
      map(mm, A + 2 * N, N)
      t.equal(k.migratePage(head), answer)
      t.same(pool(), after)
      t.same(truth({ mm }), [])
    }
  },
)

t.test('a gigantic page moves since v5.1', async t => {
  for (const [variant, answer] of [
    ['v3.10', -EFAULT],
    ['v4.5', -38],
    ['v5.18', 0],
  ] as const) {
    machine(0, 0, 2, variant)
    const mm = mm_alloc()
    map(mm, A, N << 9, 0, hstates[1]!)
    const head = write(mm, A, 1) as Page
    t.equal(k.migratePage(head), answer, variant)
    t.equal(read(mm, A), 1)
    t.same(truth({ mm }), [])
  }
})

t.test('soft offline, release by release: the answer, the pool, and what is lost', async t => {
  for (const [variant, answer, counts, bad] of [
    ['v2.6.36', -EIO, [3, 2, 0, 0], 0],
    ['v2.6.37', 0, [3, 1, 0, 0], N],
    ['v3.8', 0, [3, 1, 0, 0], N],
    ['v3.12', 0, [3, 1, 0, 0], N],
    ['v4.5', 0, [3, 1, 0, 0], N],
    ['v4.14', 0, [2, 1, 0, 0], 1],
    ['v5.18', 0, [2, 1, 0, 0], 1],
  ] as const) {
    machine(3, 0, 0, variant)
    const mm = mm_alloc()
    map(mm, A, N)
    const head = write(mm, A + 5, 7) as Page
    t.equal(k.soft_offline_page(head, 0), answer, variant)
    t.same([pool(), lost(), PageHWPoison(head)], [counts, bad, bad !== 0], variant)
    t.equal(read(mm, A + 5), 7)
    t.same(truth({ mm }), [], variant)
  }
})

t.test('a surplus page that is taken out of use is one frame lost to the page allocator', async t => {
  machine(0, 2)
  const mm = mm_alloc()
  map(mm, A, N)
  const head = write(mm, A, 1) as Page
  t.equal(k.soft_offline_page(subpage(head, 2), 0), 0)
  t.same([pool(), lost(), PageHWPoison(subpage(head, 2)), PageHWPoison(head)], [[1, 0, 0, 1], 1, true, false])
})

t.test('what is well of a huge page that is taken out of use by a tail can be had again, the tail cannot', async t => {
  for (const variant of ['v4.14', 'v5.18']) {
    machine(1, 0, 0, variant)
    const mm = mm_alloc()
    map(mm, A, N)
    const head = write(mm, A, 1) as Page
    k.mmput(mm)
    t.equal(k.soft_offline_page(subpage(head, 2), 0), 0, variant)
    t.same([pool(), lost(), PageHWPoison(subpage(head, 2)), PageHWPoison(head)], [[0, 0, 0, 0], 1, true, false])
    t.equal(k.soft_offline_page(subpage(head, 2), 0), -EBUSY, 'it is out of use already')
    t.same(truth({}), [])
  }
})

// soft_offline_huge_page does not ask whether memory_failure has been there in between.
t.test('a frame of a surplus page that fails once the page has moved away from it is counted twice', async t => {
  machine(0, 1)
  const mm = mm_alloc()
  map(mm, A, N)
  const head = write(mm, A, 1) as Page
  k.mmput(mm)
  t.equal(k.memory_failure(head, 0), 0)
  t.equal(k.markMovedHugePage(head, head), 0)
  t.same([pool(), lost()], [[0, 0, 0, 0], 2])
})
