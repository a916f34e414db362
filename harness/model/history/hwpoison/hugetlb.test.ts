// Huge pages of hugetlb that fail, from v2.6.34 to v3.16: what the handler does of it, and what it leaves.

import t from 'tap'
import { KernelBug } from '../../bug.ts'
import { k } from '../../kernel.ts'
import { EBUSY } from '../../mm/errno.ts'
import { mm_alloc } from '../../mm/fork.ts'
import { default_hstate } from '../../mm/hugetlb_hstate.ts'
import { huge_pte_offset, is_hugetlb_entry_hwpoisoned } from '../../mm/hugetlb_pte.ts'
import { A, machine, map, N, pool, read, truth, write } from '../../mm/hugetlb_testing.ts'
import { type Mm, mm_struct, type Page, type Pmd } from '../../mm/mm_types.ts'
import { _count, _mapcount, PageHWPoison, PageLocked, subpage } from '../../mm/page-flags.ts'
import { page_to_pfn, pfn_to_page } from '../../mm/pgtable.ts'
import { readCounters } from '../../mm/vmstat.ts'
import { forgetLocks } from '../../ops.ts'
import { S } from '../../store.ts'

const H0 = 'v2.6.34+0fe6e20b9c4c'
const H1 = 'v2.6.36'
const H2 = 'v2.6.37'
const H3 = 'v3.8'

const lost = (): number => readCounters().HardwareCorrupted! / 4096
const gone = (mm: Mm, addr: number): boolean =>
  is_hugetlb_entry_hwpoisoned(S[huge_pte_offset(mm, addr, default_hstate)]! as Pmd)
const maps = (p: Page): number => S[_mapcount(p)]! + 1

/** A pool of two, and a page of it that a parent and its child share. */
function shared(variant: string): { mm: Mm; child: Mm; head: Page } {
  machine(2, 0, 0, variant)
  const mm = mm_alloc()
  map(mm, A, N)
  const head = write(mm, A, 0x5a) as Page
  return { mm, child: k.dup_mm(mm), head }
}

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

t.test(`${H0}: one page is counted, nobody is told, everybody goes on using it`, async t => {
  const { mm, child, head } = shared(H0)
  t.equal(k.memory_failure(subpage(head, 3), 0), -EBUSY)
  t.same([lost(), PageHWPoison(head), PageHWPoison(subpage(head, 3))], [1, false, true])
  t.same([read(mm, A), read(child, A)], [0x5a, 0x5a])
  t.same([maps(head), S[_count(head)], pool()], [2, 2, [2, 1, 0, 0]])
})

for (const [variant, rss] of [
  [H1, -1],
  [H2, -1],
  [H3, 0],
  ['v4.5', 0],
] as const)
  t.test(`${variant}: all of it is lost to both, and is taken ${rss} time(s) off their RSS`, async t => {
    const { mm, child, head } = shared(variant)
    k.memory_failure(head, 0)
    t.same([lost(), PageHWPoison(head), PageHWPoison(subpage(head, N - 1))], [N, true, true])
    t.same([gone(mm, A), gone(child, A)], [true, true])
    t.same([read(mm, A + 5), read(child, A)], ['BUS_MCEERR_AR', 'BUS_MCEERR_AR'])
    t.same([S[mm + mm_struct.anon_rss], S[child + mm_struct.anon_rss]], [rss, rss])
    t.same([S[_count(head)], pool()], [1, [2, 1, 0, 0]], 'the handler s reference')
    k.mmput(child)
    k.mmput(mm)
    t.same([S[_count(head)], pool()], [1, [2, 1, 0, 0]])
  })

t.test('a page of the free list: H1 counts it and leaves it there, H2 takes it off', async t => {
  for (const [variant, ret, pools] of [
    [H1, -EBUSY, [2, 2, 0, 0]],
    [H2, 0, [2, 1, 0, 0]],
    ['v4.5', 0, [2, 1, 0, 0]],
  ] as const) {
    const { mm, child, head } = shared(variant)
    k.mmput(child)
    k.mmput(mm)
    t.equal(k.memory_failure(head, 0), ret, variant)
    t.same([lost(), pool()], [N, pools])
    const another = mm_alloc()
    map(another, A, N)
    const end = bug(() => write(another, A, 1))
    if (variant === H1) t.equal(end, 'bug-on: BUG_ON(page_mapcount(page))', 'given out, counted, and refused')
    else t.same([end, truth({ another })], ['none', []])
  }
})

t.test('since 761ad8d7c7b5 one page is lost, and the others are with the page allocator', async t => {
  for (const variant of ['v4.14', 'v5.18']) {
    const { mm, child, head } = shared(variant)
    t.equal(k.memory_failure(subpage(head, 5), 0), 0, variant)
    t.same([gone(mm, A), gone(child, A)], [true, true])
    t.same([lost(), PageHWPoison(head), PageHWPoison(subpage(head, 5))], [1, false, true])
    t.same([pool(), truth({ mm, child })], [[1, 1, 0, 0], []])
    k.unpoison_memory(subpage(head, 5))
    t.equal(lost(), 0)
  }
})

t.test('from 761ad8d7c7b5 a tail of the free list is lost to the pool, and counted by nobody', async t => {
  const { mm, child, head } = shared('v4.14')
  k.mmput(child)
  k.mmput(mm)
  t.equal(k.memory_failure(subpage(head, 5), 0), 0)
  t.same([lost(), pool(), PageHWPoison(head)], [0, [2, 2, 0, 0], true])
})

t.test('a page of the free list that fails in a tail: until b985194c8c0a it stays there, locked', async t => {
  for (const [variant, locked] of [
    ['v3.14', true],
    ['v3.14+b985194c8c0a', false],
    ['v4.5', false],
  ] as const) {
    const { mm, child, head } = shared(variant)
    k.mmput(child)
    k.mmput(mm)
    t.equal(k.memory_failure(subpage(head, 5), 0), 0, variant)
    t.equal(PageLocked(head), locked)
    forgetLocks()
    t.same([lost(), pool()], locked ? [0, [2, 2, 0, 0]] : [N, [2, 1, 0, 0]])
    const another = mm_alloc()
    map(another, A, N)
    t.equal(
      bug(() => write(another, A, 1)),
      locked ? 'deadlock: waits for a bit lock that is held' : 'none',
    )
  }
})

t.test(
  'fork after it: until 4a705fef9862 a page of an eighth of the frame number gets a reference and a map',
  async t => {
    for (const [variant, refs] of [
      ['v3.8', 1],
      ['v3.14', 1],
      ['v3.14+4a705fef9862', 0],
      ['v4.5', 0],
    ] as const) {
      machine(12, 0, 0, variant)
      const mm = mm_alloc()
      map(mm, A, N)
      const head = write(mm, A, 1) as Page
      k.memory_failure(head, 0)
      const other = pfn_to_page(page_to_pfn(head) >> 3)
      const before = [S[_count(other)]!, maps(other)]
      let child = 0 as Mm
      t.match(
        bug(() => {
          child = k.dup_mm(mm)
        }),
        refs === 1 && before[0] === 0 ? /page_count/ : 'none',
        variant,
      )
      if (child === 0) continue
      t.same([S[_count(other)], maps(other)], [before[0]! + refs, before[1]! + refs])
      t.same([S[_count(head)], gone(child, A)], [1, true])
    }
  },
)
