// How pages stand, in lines.

import t from 'tap'
import type { RangeSeen, StepSeen, StructPages } from '../engine.ts'
import { States } from './states.ts'

const PAGE = 4096

type Run = RangeSeen['runs'][number]

const run = (index: number, pages: number, mapped: Run['mapped'], pfn?: number): Run => ({
  offset: index * PAGE,
  length: pages * PAGE,
  mapped,
  ...(pfn !== undefined && { pfn, writable: true }),
})

function seen(more: Partial<StepSeen>): StepSeen {
  const nothing = { counters: {}, bytes: [], ranges: [], frames: [], pages: [], findings: [], log: [] }
  return { index: 0, answer: { kind: 'ok' }, ...nothing, ...more }
}

const main = (...runs: Run[]): RangeSeen => ({ process: 'main', range: 'A', runs, anon_vma: 77 })
const ofMain = { kind: 'anon_vma', of: 77 } as const
const pages = (pfn: number, n: number, more: Partial<StructPages> = {}): StructPages => {
  return { pfn, pages: n, flags: 'lru', count: 1, mapcount: 1, mapping: ofMain, ...more }
}

t.test('what is new is told: who maps what, and how its struct pages stand', async t => {
  const states = new States()
  const first = seen({ ranges: [main(run(0, 2, 'pte', 10))], pages: [pages(10, 2)] })
  t.same(states.news(first), [
    'main A              pte rw A.page(0..1)',
    'A.page(0..1)        count 1  mapcount 1  anon_vma of main A  lru',
  ])
  t.same(states.news(first), [])
})

t.test('a page keeps its name; the one that comes to stand in its place has another', async t => {
  const states = new States()
  const frames = [{ name: 'hca', runs: [{ pfn: 10, pages: 2 }], freed: false }]
  states.news(seen({ ranges: [main(run(0, 2, 'pte', 10))], frames, pages: [pages(10, 2)] }))
  const copied = [pages(10, 1, { mapcount: 0 }), pages(11, 1), pages(30, 1)]
  const ranges = [main(run(0, 1, 'pte', 30), run(1, 1, 'pte', 11))]
  t.same(states.news(seen({ ranges, frames, pages: copied })), [
    "main A              pte rw A'.page(0), pte rw A.page(1)",
    'A.page(0)           count 1  mapcount 0  anon_vma of main A  lru',
    'A.page(1)           count 1  mapcount 1  anon_vma of main A  lru',
    "A'.page(0)          count 1  mapcount 1  anon_vma of main A  lru",
  ])
})

t.test('a frame that nobody saw meanwhile is another page when it comes back', async t => {
  const states = new States()
  states.news(seen({ ranges: [main(run(0, 1, 'pte', 10))] }))
  t.same(states.news(seen({ ranges: [main(run(0, 1, 'swap'))] })), ['main A              swap'])
  t.same(states.news(seen({ ranges: [{ ...main(run(0, 1, 'pte', 10)), range: 'B' }] })), [
    'main B              pte rw B.page(0)',
    'main A              gone',
  ])
})

t.test('frames in any order, neighbours in one line', async t => {
  const ranges = [main(run(0, 1, 'pte', 12), run(1, 1, 'pte', 11), run(2, 1, 'none'))]
  t.same(new States().news(seen({ ranges, pages: [pages(11, 1), pages(12, 1)] })), [
    'main A              pte rw A.page(0..1), none page(2)',
    'A.page(0..1)        count 1  mapcount 1  anon_vma of main A  lru',
  ])
})

t.test('tails that say what their head says are left out; one that does not is told', async t => {
  const ranges = [main(run(0, 4, 'pmd', 8))]
  const head = pages(8, 1, { flags: 'head lru' })
  const tail = (pfn: number, n: number, mapcount: number): StructPages => ({
    pfn,
    pages: n,
    flags: 'tail',
    count: 0,
    mapcount,
  })
  const lines = (...tails: StructPages[]) => new States().news(seen({ ranges, pages: [head, ...tails] })).slice(1)
  const ofHead = 'A.page(0)           count 1  mapcount 1  anon_vma of main A  head lru'
  t.same(lines(tail(9, 3, 1)), [ofHead])
  t.same(lines(tail(9, 3, 0)), [ofHead])
  t.same(lines(tail(9, 1, 1), tail(10, 2, 0)), [ofHead, 'A.page(2..3)        count 0  mapcount 0  tail'])
})

t.test('an anon_vma that has been freed says so; of one of nobody there is no name', async t => {
  const freed = seen({ ranges: [main(run(0, 1, 'none'))], frames: [{ name: 'f', runs: [{ pfn: 5, pages: 1 }] }] })
  const line = (of: number, more: object) =>
    new States().news({ ...freed, pages: [pages(5, 1, { mapping: { kind: 'anon_vma', of, ...more } })] }).at(-1)
  t.equal(line(77, { freed: true }), 'f.page(0)           count 1  mapcount 1  freed anon_vma of main A  lru')
  t.equal(line(78, {}), 'f.page(0)           count 1  mapcount 1  anon_vma  lru')
})

t.test('where the kernel has died nobody has looked', async t => {
  const states = new States()
  states.news(seen({ ranges: [main(run(0, 1, 'pte', 10))] }))
  const { pages: _, ...blind } = seen({})
  t.same(states.news(blind), [])
})
