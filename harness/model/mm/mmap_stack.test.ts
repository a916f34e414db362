// Stacks that grow: to where, with which guard, and what a refusal is called, from release to release.

import t from 'tap'
import { k } from '../kernel.ts'
import { S } from '../store.ts'
import { leftovers } from '../truth.ts'
import { mm_alloc } from './fork.ts'
import { A, machine, map, N, pool, RW, read, truth, write } from './hugetlb_testing.ts'
import { type Mm, mm_struct, NULL, VM_GROWSDOWN, VM_LOCKED, vm_area } from './mm_types.ts'

/** A huge page, and the top page of a stack that may have `pages` pages above it. */
function hugeBelow(variant: string, pages: number, flags = 0): { readonly mm: Mm; readonly top: number } {
  machine(1, 0, 0, variant)
  const mm = mm_alloc()
  map(mm, A, N)
  write(mm, A + N - 1, 1)
  const top = A + N + pages - 1
  k.sys_mmap(mm, top, 1, RW | VM_GROWSDOWN | flags)
  return { mm, top }
}

/** Where the stack begins, counted from the end of the huge page. */
const start = (mm: Mm): number => S[k.find_vma(mm, A + N) + vm_area.vm_start]! - A - N

function end(mm: Mm): unknown[] {
  const kept = read(mm, A + N - 1)
  const wrong = truth({ mm })
  k.mmput(mm)
  return [kept, wrong, pool(), leftovers()]
}
const fine = [1, [], [1, 1, 0, 0], []]

t.test('v4.5: the lowest page guards, one page more than is touched, and a neighbour is never met', async t => {
  const { mm, top } = hugeBelow('v4.5', 8)
  t.equal(typeof write(mm, top, 2), 'number')
  t.equal(start(mm), 6)
  t.equal(read(mm, A + N + 3), 0, 'a read grows it too')
  t.equal(start(mm), 2)
  t.equal(write(mm, A + N, 4), 'SEGV_MAPERR', 'it would begin where the huge page ends')
  t.equal(start(mm), 2)
  t.equal(typeof write(mm, A + N + 1, 5), 'number')
  t.equal(start(mm), 0)
  t.equal(write(mm, A + N, 6), 'SEGV_MAPERR', 'that is the guard page')
  t.same([read(mm, top), read(mm, A + N + 1)], [2, 5])
  t.same(end(mm), fine)
})

t.test(
  'pages that were there before it grew are found by rmap afterwards, and those of a child by its own',
  async t => {
    const { mm, top } = hugeBelow('v4.5', 8)
    const first = write(mm, top, 2)
    const child = k.dup_mm(mm)
    write(mm, top - 3, 3)
    t.equal(write(child, top, 4) === first, false)
    t.same([read(mm, top), read(child, top), read(child, top - 3)], [2, 4, 0])
    t.same(truth({ mm, child }), [])
    k.mmput(child)
    t.same(end(mm), fine)
  },
)

t.test('a locked stack has all of its growth locked', async t => {
  const { mm, top } = hugeBelow('v4.5', 8, VM_LOCKED)
  t.equal(S[mm + mm_struct.locked_vm], 2, 'the page, and its guard')
  write(mm, top - 2, 2)
  t.same([start(mm), S[mm + mm_struct.locked_vm]], [4, 4])
  t.same(end(mm), fine)
})

t.test('a piece of the same stack below needs no guard', async t => {
  machine(0)
  const mm = mm_alloc()
  k.sys_mmap(mm, A, 4, RW | VM_GROWSDOWN)
  k.sys_munmap(mm, A + 1, 1)
  write(mm, A + 2, 2)
  t.equal(S[k.find_vma(mm, A + 2) + vm_area.vm_start], A + 1)
  t.equal(typeof write(mm, A + 1, 3), 'number')
  k.mmput(mm)
  t.same(leftovers(), [])
})

t.test('nothing lies below page 0', async t => {
  machine(0)
  const mm = mm_alloc()
  k.sys_mmap(mm, 0, 2, RW | VM_GROWSDOWN)
  t.equal(write(mm, 0, 1), 'SEGV_MAPERR')
  t.equal(typeof write(mm, 1, 1), 'number')
  k.mmput(mm)
})

t.test(
  'before v3.19 the guard page answers SIGBUS, before v3.10 also an overrun, before v2.6.36 there is none',
  async t => {
    for (const [variant, overrun, guard] of [
      ['v3.14+9c145c56d0c8', 'SEGV_MAPERR', 'SEGV_MAPERR'],
      ['v3.14', 'SEGV_MAPERR', 'BUS_ADRERR'],
      ['v3.9', 'BUS_ADRERR', 'BUS_ADRERR'],
      ['v2.6.35', 'number', 'number'],
    ] as const) {
      const { mm, top } = hugeBelow(variant, 8)
      const seen = (addr: number) => {
        const answer = write(mm, addr, 2)
        return typeof answer === 'number' ? 'number' : answer
      }
      t.equal(seen(A + N), overrun, variant)
      t.equal(seen(A + N + 1), 'number', variant)
      t.equal(seen(A + N), guard, variant)
      t.equal(seen(top), 'number', variant)
      t.same(end(mm), fine, variant)
    }
  },
)

t.test('from v4.12 on a gap of 256 pages stays free, for the stack and for what is mapped below it', async t => {
  const { mm, top } = hugeBelow('v4.12', 260)
  t.equal(typeof write(mm, top, 2), 'number')
  t.equal(start(mm), 259, 'no guard page')
  t.equal(k.findArea(mm, A + N, 3, false, NULL), A + N)
  t.equal(k.findArea(mm, A + N, 4, false, NULL) > top, true)
  t.equal(k.findArea(mm, A + N, 4, true, NULL), A + N)
  t.equal(typeof write(mm, A + N + 256, 3), 'number')
  t.equal(write(mm, A + N + 255, 4), 'SEGV_MAPERR')
  t.equal(start(mm), 256)
  t.same(end(mm), fine)
})
