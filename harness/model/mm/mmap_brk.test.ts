// The heap: where its end may go, and what is there then.

import t from 'tap'
import { k } from '../kernel.ts'
import { S } from '../store.ts'
import { leftovers } from '../truth.ts'
import { mm_alloc } from './fork.ts'
import { A, machine, map, N, RW, read, truth, write } from './hugetlb_testing.ts'
import { type Mm, mm_struct, VM_GROWSDOWN, vm_area } from './mm_types.ts'
import { task_size } from './pgtable.ts'

/** A heap that begins `room` pages below a huge page. */
function heapBelow(room: number, variant = 'v4.5'): { readonly mm: Mm; readonly start: number } {
  machine(1, 0, 0, variant)
  const mm = mm_alloc()
  map(mm, A, N)
  const start = A - room
  k.placeHeap(mm, start)
  return { mm, start }
}

function end(mm: Mm): unknown[] {
  const wrong = truth({ mm })
  k.mmput(mm)
  return [wrong, leftovers()]
}

t.test('the heap ends where it is asked to, is zero where it is new, and keeps what it had', async t => {
  const { mm, start } = heapBelow(8)
  t.equal(k.sys_brk(mm, 0), start, 'before its beginning it stays as it is')
  t.equal(write(mm, start, 1), 'SEGV_MAPERR')
  t.equal(k.sys_brk(mm, start + 2), start + 2)
  write(mm, start + 1, 1)
  t.equal(k.sys_brk(mm, start + 4), start + 4)
  t.equal(S[mm + mm_struct.map_count], 2, 'one vma beside the huge page')
  t.same([read(mm, start + 1), read(mm, start + 3)], [1, 0])
  t.equal(k.sys_brk(mm, start + 1), start + 1)
  t.equal(k.sys_brk(mm, start + 1), start + 1, 'as it is')
  t.equal(read(mm, start + 1), 'SEGV_MAPERR')
  t.equal(k.sys_brk(mm, start + 2), start + 2)
  t.equal(read(mm, start + 1), 0)
  t.equal(k.sys_brk(mm, start), start)
  t.same(end(mm), [[], []])
})

t.test('one page stays free below the next mapping', async t => {
  const { mm, start } = heapBelow(8)
  t.equal(k.sys_brk(mm, A), start)
  t.equal(k.sys_brk(mm, A + 1), start)
  t.equal(k.sys_brk(mm, A - 1), A - 1)
  t.equal(typeof write(mm, A - 2, 1), 'number')
  t.equal(k.sys_brk(mm, A), A - 1)
  t.same(end(mm), [[], []])
})

t.test('below a stack it is 256 more, from v4.12 on', async t => {
  for (const [variant, gap] of [
    ['v4.11', 1],
    ['v4.12', 257],
  ] as const) {
    machine(0, 0, 0, variant)
    const mm = mm_alloc()
    k.sys_mmap(mm, A, 1, RW | VM_GROWSDOWN)
    k.placeHeap(mm, A - 300)
    t.equal(k.sys_brk(mm, A - gap + 1), A - 300, variant)
    t.equal(k.sys_brk(mm, A - gap), A - gap, variant)
    t.same(end(mm), [[], []])
  }
})

t.test('user space ends somewhere, and so does the heap', async t => {
  machine(0)
  const mm = mm_alloc()
  k.placeHeap(mm, task_size() - 2)
  t.equal(k.sys_brk(mm, task_size() + 1), task_size() - 2)
  t.equal(k.sys_brk(mm, task_size()), task_size())
  t.same(end(mm), [[], []])
})

t.test('a child has the heap as it was, and moves its own end', async t => {
  const { mm, start } = heapBelow(8)
  k.sys_brk(mm, start + 2)
  write(mm, start, 1)
  const child = k.dup_mm(mm)
  t.equal(k.sys_brk(child, start + 4), start + 4)
  write(child, start, 2)
  t.same([read(mm, start), read(child, start), read(mm, start + 3)], [1, 2, 'SEGV_MAPERR'])
  t.equal(k.sys_brk(mm, 0), start + 2)
  t.equal(k.sys_brk(child, start - 1), start + 4)
  t.same(truth({ mm, child }), [])
  k.mmput(child)
  t.same(end(mm), [[], []])
})

t.test('under mlockall of the future it is locked, and populated', async t => {
  const { mm, start } = heapBelow(8)
  k.sys_mlockall(mm, 2)
  k.sys_brk(mm, start + 3)
  t.equal(S[mm + mm_struct.locked_vm], 3)
  t.equal(S[mm + mm_struct.anon_rss], 3)
  k.sys_brk(mm, start + 1)
  t.equal(S[mm + mm_struct.locked_vm], 1)
  t.equal(S[k.find_vma(mm, start) + vm_area.vm_end], start + 1)
  t.same(end(mm), [[], []])
})
