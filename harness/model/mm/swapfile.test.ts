// Swap, with exact counts: slots, the cache, who may write without a copy, what swapoff brings back.

import t from 'tap'
import { KernelBug } from '../bug.ts'
import { k } from '../kernel.ts'
import { checkLocksReleased } from '../ops.ts'
import { S } from '../store.ts'
import { ENOENT } from './errno.ts'
import { type Mm, mm_struct, page, type Swp } from './mm_types.ts'
import { PG_dirty, PG_swapcache } from './page-flags.ts'
import { A, byteAt, entryAt, fill, look, mapCount, pageout, SLOTS, sums, truth, written } from './swap_testing.ts'
import { SWAP_HAS_CACHE as CACHE } from './swapfile_map.ts'
import { is_swap_entry, pte_to_swp_entry } from './swapops.ts'
import { readCounters } from './vmstat.ts'

const flagsOf = (p: number): number => S[p + page.flags]!
const swapEnts = (mm: Mm): number => S[mm + mm_struct.swap_ents]!

t.test('pageout: each page gets the next free slot, and is free when it is written', async t => {
  const mm = written(3)
  const frames = [look(mm, A), look(mm, A + 1), look(mm, A + 2)]
  pageout(frames)
  t.same(
    frames.map(p => S[p + page._count]),
    [0, 0, 0],
  )
  t.same(
    [0, 1, 2].map(i => pte_to_swp_entry(entryAt(mm, A + i))),
    [1, 2, 3],
  )
  t.same([mapCount(1), mapCount(2), mapCount(3), mapCount(4)], [1, 1, 1, 0])
  t.same([sums(), swapEnts(mm)], [[0, 0, SLOTS - 3], 3])
  t.equal(readCounters().pswpout, 3)
  t.same(truth({ mm }), [])
})

t.test('a read brings the page back and leaves it in the cache; a write to it then takes it out', async t => {
  const mm = written(1)
  pageout([look(mm, A)])
  const p = look(mm, A)
  t.equal(S[p + page.content], 1)
  t.same([mapCount(1), sums(), S[p + page._count]], [CACHE, [1, 1, SLOTS - 1], 3], 'the map, the cache, the pagevec')
  t.equal(fill(mm, A, 7), p, 'the same frame')
  t.same([mapCount(1), sums()], [0, [1, 0, SLOTS]])
  t.ok(flagsOf(p) & PG_dirty, 'nothing else has its bytes')
  t.same(truth({ mm }), [])
})

t.test(
  'slots are given out one behind the other, from the first again behind the last, so that one is not soon another s',
  async t => {
    const mm = written(1)
    const slots: number[] = []
    for (let i = 0; i <= SLOTS; i++) {
      pageout([look(mm, A)])
      slots.push(pte_to_swp_entry(entryAt(mm, A)))
      fill(mm, A, i)
      k.lru_add_drain()
    }
    t.same(slots, [...Array.from({ length: SLOTS }, (_, i) => i + 1), 1])
    t.same(truth({ mm }), [])
  },
)

t.test('a write fault takes the page out of the cache at once', async t => {
  const mm = written(1)
  pageout([look(mm, A)])
  fill(mm, A, 7)
  t.same([mapCount(1), sums()], [0, [1, 0, SLOTS]])
})

t.test('while a second entry names the slot, whoever writes copies', async t => {
  const mm = written(1)
  pageout([look(mm, A)])
  const child = k.dup_mm(mm)
  t.same([mapCount(1), swapEnts(mm), swapEnts(child)], [2, 1, 1])
  const p = look(mm, A)
  t.equal(mapCount(1), CACHE + 1)
  t.not(fill(mm, A, 7), p, 'a copy')
  t.equal(look(child, A), p, 'the child finds the page in the cache')
  t.same([byteAt(child, A), byteAt(mm, A)], [1, 7])
  t.same([mapCount(1), sums()], [CACHE, [2, 1, SLOTS - 1]])
  t.same(truth({ mm, child }), [])
})

t.test('a slot that its last entry leaves takes the page in the cache along', async t => {
  const mm = written(1)
  pageout([look(mm, A)])
  k.sys_madvise(mm, A, 1, 'willneed')
  t.same([mapCount(1), sums()], [CACHE + 1, [0, 1, SLOTS - 1]], 'in the cache, mapped by nobody')
  t.ok(is_swap_entry(entryAt(mm, A)))
  k.sys_madvise(mm, A, 1, 'dontneed')
  t.same([mapCount(1), sums()], [0, [0, 0, SLOTS]])
  k.lru_add_drain()
  t.same(truth({ mm }), [])
})

t.test('a page whose write is in flight keeps its slot; when it fails the page is dirty again', async t => {
  const mm = written(1)
  const p = look(mm, A)
  pageout([p], true)
  t.same([mapCount(1), S[p + page._count], flagsOf(p) & PG_dirty], [CACHE + 1, 2, 0], 'the cache, and the pagevec')
  t.ok(k.finishWriteback(p, false))
  t.notOk(k.finishWriteback(p, true), 'once')
  t.ok(flagsOf(p) & PG_dirty)
  t.equal(look(mm, A), p)
  t.equal(byteAt(mm, A), 1)
  t.same(truth({ mm }), [])
})

t.test('reclaim of a page of the cache that was not written to again writes nothing', async t => {
  const mm = written(1)
  pageout([look(mm, A)])
  const p = look(mm, A)
  k.lru_add_drain()
  pageout([p])
  t.same([mapCount(1), S[p + page._count], readCounters().pswpout], [1, 0, 1])
  t.equal(byteAt(mm, A), 1)
})

t.test('a page that somebody holds loses its entries and stays in the cache', async t => {
  const mm = written(1)
  const { pages } = k.get_user_pages(mm, A, 1, true)
  pageout(pages)
  const [p] = pages
  t.same([mapCount(1), S[p! + page._count]], [CACHE + 1, 3], 'the cache, the pin and the pagevec')
  k.lru_add_drain()
  t.equal(look(mm, A), p)
  t.same(truth({ mm }, [pages]), [])
})

t.test('the area is full: what has no slot stays, and is active', async t => {
  const mm = written(SLOTS + 1)
  const frames = Array.from({ length: SLOTS + 1 }, (_, i) => look(mm, A + i))
  pageout(frames)
  t.same(sums(), [1, 0, 0])
  t.equal(look(mm, A + SLOTS), frames[SLOTS])
  k.lru_add_drain()
  t.same(truth({ mm }), [])
})

t.test('more than half full, swap is given back by who reads', async t => {
  const mm = written(8)
  pageout(Array.from({ length: 8 }, (_, i) => look(mm, A + i)))
  look(mm, A)
  t.same([mapCount(1), sums()], [0, [1, 0, SLOTS - 7]], 'out of the cache at once')
})

t.test('swapoff: all that names a slot maps the page, in whichever process, and swap is gone', async t => {
  const mm = written(2)
  pageout([look(mm, A), look(mm, A + 1)])
  const child = k.dup_mm(mm)
  fill(child, A + 1, 9)
  t.equal(k.sys_swapoff(), 0)
  checkLocksReleased()
  t.equal(entryAt(mm, A), entryAt(child, A), 'one page')
  t.same([byteAt(mm, A), byteAt(mm, A + 1), byteAt(child, A), byteAt(child, A + 1)], [1, 2, 1, 9])
  const { SwapTotal, SwapFree, SwapCached, AnonPages } = readCounters()
  t.same([SwapTotal, SwapFree, SwapCached, AnonPages! / 4096], [0, 0, 0, 3])
  k.lru_add_drain()
  t.same(truth({ mm, child }), [])
})

t.test('readahead: the aligned neighbours come along, fewer when they were not used', async t => {
  const mm = written(14, { page_cluster: 3, swap_area: 64 * 4096 })
  pageout(Array.from({ length: 14 }, (_, i) => look(mm, A + i)))
  look(mm, A + 8)
  t.equal(readCounters().pswpin, 7, 'slots 8 to 14: slot 15 is nobody’s')
  t.notOk(flagsOf(look(mm, A + 9)) & (1 << 16), 'found, and counted as of use')
  const before = readCounters().pswpin!
  look(mm, A)
  t.equal(readCounters().pswpin! - before, 3, 'one hit asks for four: slots 1 to 3')
})

t.test('a slot that nobody uses cannot be named, and giving one back twice is told', async t => {
  written(1)
  t.equal(k.swap_duplicate(5 as Swp), -ENOENT)
  t.throws(() => k.swap_free(5 as Swp), new KernelBug('use-after-free', 'swap_free: Unused swap offset entry 5'))
})

t.test('migration moves the page in the cache, too', async t => {
  const mm = written(1)
  pageout([look(mm, A)])
  const p = look(mm, A)
  k.lru_add_drain()
  t.equal(k.migratePage(p), 0)
  const moved = look(mm, A)
  t.not(moved, p)
  t.same([mapCount(1), flagsOf(moved) & PG_swapcache, flagsOf(p) & PG_swapcache], [CACHE, PG_swapcache, 0])
  k.lru_add_drain()
  t.same(truth({ mm }), [])
  t.equal(fill(mm, A, 3), moved)
  t.same(sums(), [1, 0, SLOTS])
})

t.test('the truth finds a count of a slot that is too high, and a page that does not know its slot', async t => {
  const mm = written(1)
  pageout([look(mm, A)])
  look(mm, A)
  k.lru_add_drain()
  k.swap_duplicate(1 as Swp)
  t.match(truth({ mm }), [
    { anomaly: 'counter-drift', text: 'slot 1 says 1 entry and the cache, the truth is 0 entries and the cache' },
  ])
  k.swap_free(1 as Swp)
  S[look(mm, A) + page.private] = 2
  t.match(
    truth({ mm }).map(({ anomaly }) => anomaly),
    ['page-corrupted', 'page-corrupted'],
  )
})
