import t from 'tap'
import { pointLines } from './points.ts'

const outer = ['munlock_vma_page', 'sys_munlock']
const sites = [
  { thread: 'a', op: 'down_write mm_struct.mmap_sem', within: ['sys_munlock'] },
  { thread: 'a', op: 'READ_ONCE page head.flags locked', within: ['PageLocked', ...outer] },
  { thread: 'a', op: 'spin_lock zone.lru_lock', within: outer },
  { thread: 'b', op: 'spin_lock zone.lru_lock', within: outer },
  { thread: 'b', op: 'spin_lock zone.lru_lock', within: [...outer, 'do_exit'] },
]

t.test('what a function does itself, and what it calls does, once each', async t => {
  t.same(pointLines(sites, 'munlock_vma_page'), [
    'a: READ_ONCE page head.flags locked  PageLocked',
    'a: spin_lock zone.lru_lock',
    'b: spin_lock zone.lru_lock',
  ])
  t.same(pointLines(sites, 'split_huge_page'), [])
})
