// Where mmap may map: the address, a hint, the highest free place, the end of user space.

import t from 'tap'
import { k } from '../kernel.ts'
import { EINVAL, ENOMEM } from './errno.ts'
import { mm_alloc } from './fork.ts'
import { default_hstate } from './hugetlb_hstate.ts'
import { A, machine, map, N, RW } from './hugetlb_testing.ts'
import { type Hstate, NULL } from './mm_types.ts'
import { task_size } from './pgtable.ts'

t.test('an address by MAP_FIXED is taken as it is, up to the end of user space', async t => {
  machine(1)
  const mm = mm_alloc()
  map(mm, A, N)
  const fixed = (addr: number, len: number, h: Hstate = NULL) => k.findArea(mm, addr, len, true, h)
  t.equal(fixed(A, N), A, 'what stands there goes')
  t.equal(fixed(task_size() - 2, 2), task_size() - 2)
  t.equal(fixed(task_size() - 2, 3), -ENOMEM)
  t.equal(fixed(0, task_size() + 1), -ENOMEM)
  t.equal(fixed(2 * A, N, default_hstate), 2 * A)
  t.equal(fixed(2 * A + 1, N, default_hstate), -EINVAL)
  t.equal(fixed(task_size() - N, 2 * N, default_hstate), -ENOMEM)
})

t.test('a hint is followed where it can be; else the mapping lies as high as it can', async t => {
  machine(1)
  const mm = mm_alloc()
  map(mm, A, N)
  const hint = (addr: number, len: number, h: Hstate = NULL) => k.findArea(mm, addr, len, false, h)
  t.equal(hint(A - 2, 2), A - 2)
  t.equal(hint(A - 2, 3), task_size() - 3)
  t.equal(hint(task_size() - 2, 3), task_size() - 3)
  t.equal(hint(A - 2 * N + 1, N, default_hstate), A - N, 'a whole huge page, upwards')
  t.equal(hint(A - N + 1, N, default_hstate), task_size() - N)
  k.sys_mmap(mm, task_size() - 5, 2, RW)
  t.equal(hint(A, 3), task_size() - 3, 'above the last')
  t.equal(hint(A, 4), task_size() - 9, 'below it')
  t.equal(hint(A, N, default_hstate), task_size() - 2 * N)
  t.equal(hint(A, task_size() - 1), -ENOMEM)
})
