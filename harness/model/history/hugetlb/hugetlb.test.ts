// How hugetlb came to its reverse mapping, from v2.6.34 to v3.12: what each step of it leaves behind.

import t from 'tap'
import { KernelBug } from '../../bug.ts'
import { i_data } from '../../fs/inode.ts'
import { k } from '../../kernel.ts'
import { ENOMEM } from '../../mm/errno.ts'
import { mm_alloc } from '../../mm/fork.ts'
import { default_hstate } from '../../mm/hugetlb_hstate.ts'
import { huge_pte_lockptr, huge_pte_offset } from '../../mm/hugetlb_pte.ts'
import { A, machine, map, N, pool, RW, read, truth, write } from '../../mm/hugetlb_testing.ts'
import { type Inode, type Mm, NULL, type Page, type Pmd, page, type Vma, vm_area } from '../../mm/mm_types.ts'
import { MAP_SHARED } from '../../mm/mmap_file.ts'
import { _count, _mapcount, PageLocked } from '../../mm/page-flags.ts'
import { pmd_page } from '../../mm/pgtable.ts'
import { forgetLocks } from '../../ops.ts'
import { S } from '../../store.ts'
import { leftovers } from '../../truth.ts'

const V0 = 'v2.6.34'
const V1 = 'v2.6.34+hugetlb-rmap-posted-v1'
const V2 = 'v2.6.34+0fe6e20b9c4c'
const V3 = `${V2}+28957a5467ba`
const V4 = 'v2.6.36'
const V5 = 'v2.6.37'
const V6 = 'v3.10'
const V7 = 'v3.12'

const P = A
const Q = A + 8 * N
const file = (): Inode => k.hugetlbfs_get_inode(default_hstate, NULL)
const shared = (mm: Mm, addr: number, f: Inode, pages = N) => k.sys_mmap_file(mm, addr, pages, RW, MAP_SHARED, f, 0)
const private_ = (mm: Mm, addr: number, f: Inode, pages = N, pgoff = 0) =>
  k.sys_mmap_file(mm, addr, pages, RW, 0, f, pgoff)
const maps = (p: Page): number => S[_mapcount(p)]! + 1
const count = (p: Page): number => S[_count(p)]!
const mapped = (mm: Mm, addr: number): Page => pmd_page(S[huge_pte_offset(mm, addr, default_hstate)]! as Pmd)
const anonVma = (mm: Mm, addr: number): number => S[(k.find_vma(mm, addr) as Vma) + vm_area.anon_vma]!

/** What the kernel stops at. */
function bug(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    forgetLocks()
    if (error instanceof KernelBug) return `${error.anomaly}: ${error.message}`
    throw error
  }
  return 'none'
}

/** A file with one page, which `mm` has written 0x70 to at P; its private mapping is at Q. */
function privateMapped(variant: string, size = N): { mm: Mm; f: Inode; cached: Page } {
  machine(4, 0, 0, variant)
  const mm = mm_alloc()
  const f = file()
  shared(mm, P, f)
  const cached = write(mm, P, 0x70) as Page
  private_(mm, Q, f, size)
  return { mm, f, cached }
}

t.test('posted-v1, "private mapped": the copy is mapped, the old page has lost a map that it never had', async t => {
  const { mm, cached } = privateMapped(V1)
  t.equal(read(mm, Q), 0x70)
  t.same([maps(cached), count(cached)], [1, 3], 'two map it')
  t.equal(anonVma(mm, Q), 0)
  t.equal(
    bug(() => write(mm, Q, 0x71)),
    'bug-on: BUG_ON(!anon_vma)',
  )
  t.not(mapped(mm, Q), cached)
  t.same([maps(mapped(mm, Q)), S[mapped(mm, Q) + page.mapping]], [0, 0])
  t.equal(mapped(mm, P), cached)
  t.same([maps(cached), count(cached)], [0, 5], 'cache, P, Q s entry that is no more, hugetlb_cow, hugetlb_fault')
  t.ok(PageLocked(cached), 'the page of the file')
  t.not(S[huge_pte_lockptr(default_hstate, mm, Q)], 0, 'the page table lock')
})

for (const [variant, left] of [
  [V0, 0],
  [V1, 0],
  [V2, 1],
  [V7, 1],
] as const)
  t.test(`${variant}: a private copy leaves the file s page ${left} map(s), where the vma has an anon_vma`, async t => {
    const { mm, cached } = privateMapped(variant, 2 * N)
    write(mm, Q + N, 1)
    t.equal(write(mm, Q, 0x71) !== cached, true)
    t.equal(maps(cached), left, 'P maps it')
    t.same([read(mm, P), read(mm, Q)], [0x70, 0x71])
    const wrong = truth({ mm }).map(({ anomaly }) => anomaly)
    t.same(wrong, variant === V1 ? ['mapcount-mismatch'] : [])
    t.same(pool(), [4, 1, 0, 0])
  })

t.test('posted-v1: who only reads a page of the file takes a map away when it unmaps it', async t => {
  const { mm, f, cached } = privateMapped(V1)
  t.equal(read(mm, Q), 0x70)
  k.sys_munmap(mm, Q, N)
  t.equal(maps(cached), 0, 'P maps it')
  private_(mm, Q, f)
  t.equal(read(mm, Q), 0x70)
  k.sys_munmap(mm, Q, N)
  t.equal(maps(cached), -1)
  t.equal(read(mm, P), 0x70)
})

for (const [variant, content] of [
  [V0, 0x73],
  [V1, 0x73],
  [V2, 0x70],
  [V3, 0x70],
  [V4, 0x70],
  [V5, 0x70],
  [V6, 0x70],
  [V7, 0x73],
  ['v4.5', 0x73],
] as const)
  t.test(`${variant}: after a private write the file reads 0x${content.toString(16)}`, async t => {
    machine(4, 0, 0, variant)
    const mm = mm_alloc()
    const f = file()
    shared(mm, P, f)
    const cached = write(mm, P, 0x73)
    k.sys_munmap(mm, P, N)
    private_(mm, P, f, 2 * N)
    write(mm, P + N, 1)
    t.equal(write(mm, P, 0x70) === cached, content === 0x70)
    t.equal(read(mm, P), 0x70)
    k.sys_munmap(mm, P, 2 * N)
    shared(mm, P, f)
    t.equal(read(mm, P), content)
  })

for (const [variant, locked] of [
  [V0, false],
  [V2, true],
  [V3, false],
  [V4, false],
  [V7, false],
] as const)
  t.test(
    `${variant}: a private page that its owner writes to after its child is gone is ${locked ? 'locked for ever' : 'unlocked'}`,
    async t => {
      const { mm, cached } = privateMapped(variant, 2 * N)
      write(mm, Q + N, 1)
      const own = write(mm, Q, 2) as Page
      const child = k.dup_mm(mm)
      k.mmput(child)
      t.equal(write(mm, Q, 3), own)
      t.not(own, cached)
      t.equal(PageLocked(own), locked)
      t.equal(PageLocked(cached), false)
    },
  )

t.test('56c9cfb13c9b unlocks a page of the file twice, 1f64d69c7ad2 once', async t => {
  const { mm } = privateMapped(V4)
  read(mm, Q)
  t.equal(
    bug(() => write(mm, Q, 0x71)),
    'bug-on: VM_BUG_ON_PAGE(!PageLocked(page))',
  )
  for (const variant of [V3, V5]) {
    const { mm } = privateMapped(variant)
    read(mm, Q)
    t.equal(
      bug(() => write(mm, Q, 0x71)),
      'none',
    )
    t.same([read(mm, P), read(mm, Q), truth({ mm })], [0x70, 0x71, []])
  }
})

// Of the page of the file: the cache, P and Q; what hugetlb_cow took; what hugetlb_fault has not come to put.
for (const [variant, end, refs, pools] of [
  [V2, 'lock-imbalance: releases a spinlock that it does not hold', 5, [4, 2, 0, 0]],
  [V4, 'lock-imbalance: releases a spinlock that it does not hold', 5, [4, 2, 0, 0]],
  [V5, 'none', 4, [4, 2, 0, 0]],
  [`${V5}+ea4039a34c4c`, 'none', 3, [4, 3, 0, 0]],
  [V7, 'none', 3, [4, 3, 0, 0]],
  ['v3.13', 'none', 3, [4, 3, 1, 0]],
] as const)
  t.test(`${variant}: no memory for an anon_vma while a page of the file is copied`, async t => {
    const { mm, cached } = privateMapped(variant)
    read(mm, Q)
    t.equal(count(cached), 3)
    const { anon_vma_prepare } = k
    k.anon_vma_prepare = () => -ENOMEM
    t.equal(
      bug(() => write(mm, Q, 0x71)),
      end,
    )
    k.anon_vma_prepare = anon_vma_prepare
    t.same([mapped(mm, Q), maps(cached)], [cached, 2])
    t.same([count(cached), pool()], [refs, pools])
  })

for (const [variant, offset, end] of [
  [V0, 0, 'none'],
  [V0, N, 'bug-on: BUG_ON(page_count(old_page) != 1)'],
  [V5, N, 'bug-on: BUG_ON(page_count(old_page) != 1)'],
  ['v2.6.39+0c176d52b', N, 'bug-on: BUG_ON(page_count(old_page) != 1)'],
  ['v2.6.39+0c176d52b+66aebce747ea', N, 'stall: hugetlb_cow finds no page, and nobody to take one from, for ever'],
  ['v2.6.39+0c176d52b+66aebce747ea+36e4f20af833', N, 'none'],
  ['v3.8', N, 'none'],
] as const)
  t.test(`${variant}: the owner takes the last page from its child, at ${offset} of the file`, async t => {
    machine(1, 0, 0, variant)
    const mm = mm_alloc()
    const f = file()
    private_(mm, P, f, N, offset)
    if (offset !== 0) k.do_truncate(f, 2 * N)
    const only = write(mm, P, 1) as Page
    const child = k.dup_mm(mm)
    t.equal(
      bug(() => write(mm, P, 2)),
      end,
    )
    if (end !== 'none') return
    t.same([mapped(mm, P), count(only), read(child, P), read(mm, P)], [only, 1, 'BUS_ADRERR', 2])
    t.same([pool(), truth({ mm, child })], [[1, 0, 0, 0], []])
  })

t.test('which anon_vma a copy leads to: posted-v1 and V4b the newest, V2 the oldest of the chain', async t => {
  for (const [variant, newest] of [
    [V1, true],
    [V2, false],
    [`${V2}+433abed6c6f7`, false],
    [`${V2}+433abed6c6f7+cd67f0d2a9a6`, true],
    [V7, true],
  ] as const) {
    machine(4, 0, 0, variant)
    const mm = mm_alloc()
    map(mm, P, N)
    write(mm, P, 1)
    const child = k.dup_mm(mm)
    const copy = write(child, P, 2) as Page
    t.equal(S[copy + page.mapping]! - 1, anonVma(newest ? child : mm, P), variant)
    t.not(anonVma(mm, P), anonVma(child, P))
    t.same(truth({ mm, child }), [])
    k.mmput(child)
    k.mmput(mm)
    t.same([pool(), leftovers()], [[4, 4, 0, 0], []])
  }
})

t.test('v2.6.34 names nobody in the mapping of a private page: HUGETLB_POISON, or nothing in a copy', async t => {
  const { mm, f, cached } = privateMapped(V0)
  write(mm, Q, 0x71)
  t.same([S[cached + page.mapping], S[mapped(mm, Q) + page.mapping]], [i_data(f), 0])
  map(mm, Q + 8 * N, N)
  t.equal(S[(write(mm, Q + 8 * N, 1) as Page) + page.mapping], 0x00300301)
  t.same(truth({ mm }), [])
})
