// Files of hugetlbfs and what else reaches huge pages in v4.5: fallocate, holes, quotas, segments, pins, rights,
// advice.

import t from 'tap'
import { k } from '../kernel.ts'
import { EINVAL, ENOMEM, ENOSPC } from '../mm/errno.ts'
import { mm_alloc } from '../mm/fork.ts'
import { put_user_pages } from '../mm/gup.ts'
import { default_hstate, hstates } from '../mm/hugetlb_hstate.ts'
import { A, machine, map, N, pool, RW, read, truth, write } from '../mm/hugetlb_testing.ts'
import { type Inode, NULL, type Subpool, VM_NORESERVE, VM_READ } from '../mm/mm_types.ts'
import { MAP_NORESERVE, MAP_POPULATE, MAP_SHARED } from '../mm/mmap_file.ts'
import { page_count, subpage } from '../mm/page-flags.ts'
import { readCounters } from '../mm/vmstat.ts'
import { leftovers } from '../truth.ts'
import { fput } from './inode.ts'

const file = (spool: Subpool = NULL): Inode => k.hugetlbfs_get_inode(default_hstate, spool)

t.test('fallocate: pages from the pool, which no later mapping reserves again; a hole gives them back', async t => {
  machine(4)
  const mm = mm_alloc()
  const f = file()
  t.equal(k.hugetlbfs_fallocate(mm, f, 0, 2 * N, false), 0)
  t.same(pool(), [4, 2, 0, 0])
  t.equal(k.hugetlbfs_fallocate(mm, f, 1, N, false), 0)
  t.same(pool(), [4, 2, 0, 0])
  t.equal(k.sys_mmap_file(mm, A, 3 * N, RW, MAP_SHARED, f, 0), 0)
  t.same(pool(), [4, 2, 1, 0])
  write(mm, A, 1)
  t.equal(k.hugetlbfs_punch_hole(f, 1, 2 * N), 0)
  t.same(pool(), [4, 3, 1, 0], 'only what lies in the hole whole')
  t.equal(read(mm, A), 1)
  t.equal(k.hugetlbfs_punch_hole(f, 0, N), 0)
  t.same([pool(), truth({ mm })], [[4, 4, 1, 0], []])
  t.equal(read(mm, A), 0)
  t.same([pool(), truth({ mm })], [[4, 3, 1, 0], []])
  k.mmput(mm)
  t.same(pool(), [4, 3, 1, 0], 'a page and a reservation are the file s')
  fput(f)
  t.same([pool(), leftovers()], [[4, 4, 0, 0], []])
})

t.test('fallocate beyond what nobody has reserved: ENOSPC, and what was had stays', async t => {
  machine(2)
  const mm = mm_alloc()
  map(mm, A, N)
  const f = file()
  t.equal(k.hugetlbfs_fallocate(mm, f, 0, 2 * N, false), -ENOSPC)
  t.same([pool(), truth({ mm })], [[2, 1, 1, 0], []])
  fput(f)
  k.mmput(mm)
  t.same([pool(), leftovers()], [[2, 2, 0, 0], []])
})

t.test('a mount of two pages: mmap beyond it fails, a fault without reservation gets SIGBUS', async t => {
  machine(4)
  const spool = k.hugepage_new_subpool(default_hstate, 2, -1)
  const mm = mm_alloc()
  const f = file(spool)
  t.equal(k.sys_mmap_file(mm, A, 3 * N, RW, MAP_SHARED, f, 0), -ENOMEM)
  t.same(pool(), [4, 4, 0, 0])
  t.equal(k.sys_mmap_file(mm, A, 3 * N, RW, MAP_SHARED | MAP_NORESERVE, f, 0), 0)
  t.same(
    [write(mm, A, 1), write(mm, A + N, 1), write(mm, A + 2 * N, 1)].map(x => typeof x),
    ['number', 'number', 'string'],
  )
  t.same([pool(), truth({ mm })], [[4, 2, 0, 0], []])
  k.mmput(mm)
  fput(f)
  k.hugepage_put_subpool(spool)
  t.same([pool(), leftovers()], [[4, 4, 0, 0], []])
})

t.test('a mount that keeps three pages: they are reserved, whoever maps fewer', async t => {
  machine(4)
  const spool = k.hugepage_new_subpool(default_hstate, -1, 3)
  t.same(pool(), [4, 4, 3, 0])
  const mm = mm_alloc()
  const f = file(spool)
  t.equal(k.sys_mmap_file(mm, A, 4 * N, RW, MAP_SHARED, f, 0), 0)
  t.same([pool(), truth({ mm })], [[4, 4, 4, 0], []])
  write(mm, A, 1)
  t.same([pool(), truth({ mm })], [[4, 3, 3, 0], []])
  k.mmput(mm)
  fput(f)
  t.same(pool(), [4, 4, 3, 0])
  k.hugepage_put_subpool(spool)
  t.same([pool(), leftovers()], [[4, 4, 0, 0], []])
})

t.test('a segment reserves at shmget, lives while attached, and goes with the last detach', async t => {
  machine(4)
  const mm = mm_alloc()
  t.equal(k.newseg(default_hstate, 5 * N, 0), -ENOMEM)
  const seg = k.newseg(default_hstate, N + 1, 0)
  t.same(pool(), [4, 4, 2, 0])
  t.equal(k.do_shmat(mm, seg, A, false), 0)
  t.same(pool(), [4, 4, 2, 0])
  write(mm, A, 3)
  t.equal(k.do_shmat(mm, seg, 2 * A, true), 0)
  t.equal(read(mm, 2 * A), 3)
  t.equal(write(mm, 2 * A, 4), 'SEGV_ACCERR')
  k.shm_destroy(seg)
  t.equal(k.sys_shmdt(mm, 2 * A), 0)
  t.equal(k.sys_shmdt(mm, 2 * A), -EINVAL)
  t.same([pool(), truth({ mm })], [[4, 3, 1, 0], []])
  k.mmput(mm)
  t.same([pool(), leftovers()], [[4, 4, 0, 0], []])
  fput(k.newseg(default_hstate, N, VM_NORESERVE))
  t.same(pool(), [4, 4, 0, 0])
})

t.test('a pin keeps a page beyond unmap and exit; each base page is one reference of the whole', async t => {
  machine(2)
  const mm = mm_alloc()
  map(mm, A, 2 * N)
  const { pages, error } = k.get_user_pages(mm, A + 1, N, true)
  t.same([pages.length, error], [N, 0])
  t.equal(page_count(pages[0]!), N)
  t.equal(pages[1], subpage(pages[0]!, 1))
  t.same(truth({ mm }, [pages]), [])
  k.mmput(mm)
  t.same(pool(), [2, 0, 0, 0])
  t.same(truth({}, [pages]), [])
  put_user_pages(pages, true)
  t.same([pool(), leftovers()], [[2, 2, 0, 0], []])
})

t.test('gup beyond the pool: the pages before, then EFAULT', async t => {
  machine(1)
  const mm = mm_alloc()
  map(mm, A, 2 * N, MAP_NORESERVE)
  const { pages, error } = k.get_user_pages(mm, A, 2 * N, true)
  t.same([pages.length, error], [N, -14])
  put_user_pages(pages, false)
  k.mmput(mm)
  t.same([pool(), leftovers()], [[1, 1, 0, 0], []])
})

t.test(
  'mprotect of one page cuts the vma, not the reservation; private memory is copied on the next write only',
  async t => {
    machine(4)
    const mm = mm_alloc()
    map(mm, A, 3 * N)
    const frame = write(mm, A, 1)
    t.equal(k.sys_mprotect(mm, A + N, 1, VM_READ), -EINVAL, 'not a part of a huge page')
    t.equal(k.sys_mprotect(mm, A, N, VM_READ), 0)
    t.equal(write(mm, A, 2), 'SEGV_ACCERR')
    t.equal(read(mm, A), 1)
    t.same([pool(), truth({ mm })], [[4, 3, 2, 0], []])
    t.equal(k.sys_mprotect(mm, A, N, RW), 0)
    t.equal(write(mm, A, 2), frame)
    t.equal(k.sys_munmap(mm, A + N, N), 0)
    t.same([pool(), truth({ mm })], [[4, 3, 1, 0], []])
    k.mmput(mm)
    t.same([pool(), leftovers()], [[4, 4, 0, 0], []])
  },
)

t.test('what v4.5 refuses: DONTNEED, THP advice, mremap, munmap and mmap of a part', async t => {
  machine(4)
  const mm = mm_alloc()
  map(mm, A, 2 * N)
  write(mm, A, 1)
  for (const advice of ['dontneed', 'hugepage', 'nohugepage'] as const)
    t.equal(k.sys_madvise(mm, A, N, advice), -EINVAL, advice)
  t.equal(k.sys_mremap(mm, A, N, 2 * A, N), -EINVAL)
  t.equal(k.sys_munmap(mm, A, 1), -EINVAL)
  const f = file()
  t.equal(k.sys_mmap_file(mm, 2 * A, N, RW, MAP_SHARED, f, 1), -EINVAL)
  fput(f)
  t.same([read(mm, A), pool(), truth({ mm })], [1, [4, 3, 1, 0], []])
  k.mmput(mm)
  t.same([pool(), leftovers()], [[4, 4, 0, 0], []])
})

t.test('mlock faults huge pages in and locks nothing; so do MAP_POPULATE and mlockall', async t => {
  machine(4)
  const mm = mm_alloc()
  map(mm, A, N)
  t.equal(k.sys_mlock(mm, A, N), 0)
  t.same([pool(), readCounters().Mlocked], [[4, 3, 0, 0], 0])
  map(mm, 2 * A, N, MAP_POPULATE)
  t.same(pool(), [4, 2, 0, 0])
  k.sys_mlockall(mm, 3)
  map(mm, 3 * A, N)
  t.same([pool(), readCounters().Mlocked, truth({ mm })], [[4, 1, 0, 0], 0, []])
  k.mmput(mm)
  t.same([pool(), leftovers()], [[4, 4, 0, 0], []])
})

t.test('a private mapping of a hole of a file: the page is ours alone, and the file stays empty', async t => {
  machine(2)
  const mm = mm_alloc()
  const f = file()
  k.sys_mmap_file(mm, A, N, RW, 0, f, 0)
  write(mm, A, 5)
  k.sys_mmap_file(mm, 2 * A, N, RW, MAP_SHARED, f, 0)
  t.equal(read(mm, 2 * A), 0)
  t.same([pool(), truth({ mm })], [[2, 0, 0, 0], []])
  k.mmput(mm)
  t.same(pool(), [2, 1, 0, 0])
  fput(f)
  t.same([pool(), leftovers()], [[2, 2, 0, 0], []])
})

t.test('the child of a mapping further into a file loses its page to the owner, too', async t => {
  machine(2)
  const mm = mm_alloc()
  const f = file()
  k.sys_mmap_file(mm, A, 2 * N, RW, 0, f, 6 * N)
  const frame = write(mm, A + N, 1)
  write(mm, A, 1)
  const child = k.dup_mm(mm)
  t.equal(write(mm, A + N, 2), frame)
  t.equal(read(child, A), 1)
  t.equal(read(child, A + N), 'BUS_ADRERR')
  t.same(truth({ mm, child }), [])
  k.mmput(child)
  k.mmput(mm)
  fput(f)
  t.same([pool(), leftovers()], [[2, 2, 0, 0], []])
})

t.test('overcommit: a COW beyond the pool is a surplus page, which goes with its last user', async t => {
  machine(1, 1)
  const mm = mm_alloc()
  map(mm, A, N)
  write(mm, A, 1)
  const child = k.dup_mm(mm)
  write(child, A, 2)
  t.same([pool(), read(mm, A), read(child, A)], [[2, 0, 0, 1], 1, 2])
  t.same(truth({ mm, child }), [])
  k.mmput(child)
  t.same(pool(), [1, 0, 0, 0])
  k.mmput(mm)
  t.same([pool(), leftovers()], [[1, 1, 0, 0], []])
})

t.test('overcommit is refused for gigantic pages, nr_hugepages is not', async t => {
  machine(0)
  const gigantic = hstates[1]!
  t.notOk(k.nr_overcommit_hugepages_store(gigantic, 1))
  t.ok(k.nr_overcommit_hugepages_store(default_hstate, 1))
  t.equal(k.set_max_huge_pages(gigantic, 2, 1), 2)
  t.equal(k.set_max_huge_pages(gigantic, 1, 1), 1)
  t.same(pool(gigantic), [1, 1, 0, 0])
  t.equal(k.set_max_huge_pages(gigantic, 1000, 1), 15, 'of 65536 frames less the zero page s')
  t.same(truth({}), [])
  t.equal(k.set_max_huge_pages(gigantic, 0, 1), 0)
  t.same(leftovers(), [])
})
