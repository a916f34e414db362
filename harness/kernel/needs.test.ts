import { totalmem } from 'node:os'
import t from 'tap'
import type { TestPoint } from '../engine.ts'
import { pointOf } from './fake.ts'
import { guestFor } from './needs.ts'

const MiB = 2 ** 20
const GiB = 2 ** 30

const guest = (machine: Partial<TestPoint['machine']>, ...lines: string[]) => guestFor(pointOf('x', [], machine), lines)
const memory = (machine: Partial<TestPoint['machine']>, ...lines: string[]) => {
  const fitting = guest(machine, ...lines)
  return typeof fitting === 'string' ? fitting : fitting.memory / MiB
}

t.test('a guest is as large as what the case maps needs, twice that where it forks', async t => {
  const mmap = (size: number) => `mmap mr ${size} 4096 0 -1 rw 0`
  t.equal(memory({}, mmap(2 * MiB)), 768)
  t.equal(memory({}, mmap(GiB)), 1792)
  t.equal(memory({}, mmap(GiB), 'fork child'), 3072)
  t.equal(memory({}, mmap(4 * GiB)), 'a guest gets no more than 3072 MiB of memory')
  t.equal(memory({ memory: 32 * GiB }), 'a guest gets no more than 3072 MiB of memory')
  t.equal(memory({ memory: 2 * MiB }), 'a real kernel needs 256 MiB of memory')
})

t.test('gigantic pages want a guest of their own, as large as the pool ever is', async t => {
  const pools = (size: number, pages: number) => ({ pools: [{ size, pages, overcommit: 0 }] })
  t.match(guest(pools(2 * MiB, 4)), { memory: 768 * MiB, gigantic: false })
  t.equal(memory(pools(2 * MiB, 400)), 1792)
  t.equal(memory(pools(GiB, 9)), 'a guest gets no more than 7168 MiB of memory')
  if (totalmem() < 8 * GiB) return
  t.match(guest(pools(GiB, 2)), { memory: 5 * GiB, gigantic: true })
  t.match(guest(pools(GiB, 1), 'nr-hugepages 1048576 4'), { memory: 7 * GiB, gigantic: true })
})

t.test('memory that moves to another node wants two of them', async t => {
  t.match(guest({ cpus: 2 }), { cpus: 2, nodes: 1 })
  t.match(guest({ nodes: 2 }), { nodes: 2 })
  t.match(guest({}, 'migrate A 0 4096 -1'), { nodes: 2 })
})
