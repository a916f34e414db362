import t from 'tap'
import type { OpTaken } from '../engine.ts'
import { Trace } from './trace.ts'

const within = ['test_and_clear', 'munlock_vma_page', 'munlock_vma_pages_range', 'sys_munlock']
const pages = (count: number) => [
  { pages: 'A.page(0)', state: `head mlocked count ${count} mapcount 1` },
  { pages: 'A.page(1..3)', state: 'tail count 0 mapcount 0' },
]
const at = (thread: string, op: string, count: number, mlocked: number): OpTaken => {
  return { thread, op, within, pages: pages(count), counters: { Mlocked: mlocked, AnonPages: 16384 } }
}

t.test('each step has a number, and how things stand is said where it has changed', async t => {
  const trace = new Trace()
  t.same(trace.lines(at('', '', 1, 16384)), [
    '       A.page(0)     head mlocked count 1 mapcount 1',
    '       A.page(1..3)  tail count 0 mapcount 0',
  ])
  const took = 'READ_ONCE A.page(0).flags: mlocked'.padEnd(56)
  t.same(trace.lines(at('a', 'READ_ONCE A.page(0).flags: mlocked', 1, 16384)), [
    `   1 a: ${took}  test_and_clear < munlock_vma_page < munlock_vma_pages_range`,
  ])
  t.same(trace.lines(at('b', 'atomic_add', 2, 0)).slice(1), [
    '       A.page(0)     head mlocked count 2 mapcount 1',
    '       A.page(1..3)  tail count 0 mapcount 0',
    '       Mlocked -4P',
  ])
  t.equal(trace.lines(at('b', 'atomic_add', 2, 0)).length, 1)
})
