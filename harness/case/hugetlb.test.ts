// Huge pages of hugetlb in a case: the machine's pools, mappings of them, and what is expected of the pool.

import t from 'tap'
import { loadText } from './load.ts'
import { known, refuses } from './testing.ts'

/** A case on a machine; the lines given are its steps, from line 4 on. */
const on = (machine: string, ...lines: string[]) =>
  ['about: x', `machine: {${machine}}`, 'steps:', ...lines.map(line => `  ${line}`), 'verdict: clean', ''].join('\n')

const point = (text: string) => {
  const { case: one, problems } = loadText('x.yaml', text, known)
  t.same(problems, [])
  return one!.point({}, { name: 'v4.5', has: () => false })
}

t.test('a pool is of the machine’s huge pages, or of the sizes that are named', async t => {
  const machine = (said: string) => {
    const { hugepage, pools } = point(on(said, '- mmap: {as: A, size: 1P}')).machine
    return [hugepage, ...pools.map(({ size, pages, overcommit }) => [size, pages, overcommit])]
  }
  const [M2, G1] = [2 ** 21, 2 ** 30]
  t.same(machine('hugepage: 1G, pool: 2'), [G1, [G1, 2, 0]])
  t.same(machine('pool: 4, overcommit: 1'), [M2, [M2, 4, 1]])
  t.same(machine('hpage_nr: 8, pool: 4'), [32768, [32768, 4, 0]])
  t.same(machine('hugepage: 64K, pool: {1G: 1, 64K: 3}, overcommit: {2M: 5}'), [
    2 ** 16,
    [2 ** 16, 3, 0],
    [M2, 0, 5],
    [G1, 1, 0],
  ])
})

t.test('a pool may be said node by node, where there are two', async t => {
  const pools = (said: string) => point(on(said, '- mmap: {as: A, size: 1P}')).machine.pools
  const [M2, G1] = [2 ** 21, 2 ** 30]
  t.same(pools('nodes: 2, pool: {node1: 1, node0: 3}'), [{ size: M2, pages: 4, overcommit: 0, nodes: [3, 1] }])
  t.same(pools('nodes: 2, pool: {1G@node1: 1, 2M: 3}, overcommit: 2'), [
    { size: M2, pages: 3, overcommit: 2 },
    { size: G1, pages: 1, overcommit: 0, nodes: [0, 1] },
  ])
})

t.test('H is the huge page of the memory that it stands with, else the machine’s', async t => {
  const { steps } = point(
    on(
      'hugepage: 1G',
      '- mmap: {as: A, size: 2H, kind: hugetlb}',
      '- mmap: {as: B, size: 3H, kind: hugetlb-2M}',
      '- mmap: {as: C, size: 1H, kind: thp}',
      '- mmap: {as: D, size: 1H}',
      '- touch: A.huge(1)',
      '- touch: B(1H..2H)',
      '- touch: C.huge(0)',
      '- mremap: {range: B, as: E, size: 4H}',
    ),
  )
  const words = steps.map(({ args }) => args as { size?: number; range?: { offset: number; length: number } })
  t.same(
    words.slice(0, 4).map(({ size }) => size),
    [2 ** 31, 3 * 2 ** 21, 2 ** 21, 2 ** 30],
  )
  t.same(
    words.slice(4, 7).map(({ range }) => [range!.offset, range!.length]),
    [
      [2 ** 30, 2 ** 30],
      [2 ** 21, 2 ** 21],
      [0, 2 ** 21],
    ],
  )
  t.equal(words[7]!.size, 2 ** 23)
})

t.test('all four counts of a pool are compared, one that is not named is +0', async t => {
  const said = '- expect: {pool: {free: -1, resv: 3}, pool-1G: {}}'
  const { counters } = point(on('hugepage: 2M', said)).steps[0]!.expect!
  t.same(
    counters.map(({ name, value, delta, pos }) => [name, value, delta, pos.col]),
    [
      ['hugepages-2048kB/nr_hugepages', 0, true, 14],
      ['hugepages-2048kB/free_hugepages', -1, true, 21],
      ['hugepages-2048kB/resv_hugepages', 3, false, 31],
      ['hugepages-2048kB/surplus_hugepages', 0, true, 14],
      ['hugepages-1048576kB/nr_hugepages', 0, true, 41],
      ['hugepages-1048576kB/free_hugepages', 0, true, 41],
      ['hugepages-1048576kB/resv_hugepages', 0, true, 41],
      ['hugepages-1048576kB/surplus_hugepages', 0, true, 41],
    ],
  )
})

t.test('after each answer something else may hold', async t => {
  const write = '{write: {A: 1}, gives: {SIGBUS @ A: {pool: {}}, ok: {pool: {nr: +1, surplus: +1}}}}'
  const { gives } = point(on('pool: 1', '- mmap: {as: A, size: 1H, kind: hugetlb, noreserve: yes}', `- ${write}`))
    .steps[1]!
  t.same(
    gives.map(({ answer, expect }) => [answer.kind, expect!.counters.map(({ value }) => value)]),
    [
      ['signal', [0, 0, 0, 0]],
      ['ok', [1, 0, 0, 1]],
    ],
  )
})

t.test('H is the huge page of the file', async t => {
  const { steps } = point(
    on(
      'hugepage: 1G',
      '- file: {as: f, size: 2H, kind: hugetlb-2M}',
      '- mmap: {as: A, of: f, size: 1H, offset: 1H}',
      '- truncate: {f: 1H}',
      '- punch: f(1H..5H)',
      '- shmget: {as: s, size: 3H, kind: hugetlb-2M}',
      '- shmat: {of: s, as: S}',
      '- munmap: S.huge(1)',
    ),
  )
  const M2 = 2 ** 21
  t.match(
    steps.map(({ args }) => args),
    [
      { size: 2 * M2, page: M2 },
      { size: M2, align: M2, file: { page: M2, file: { name: 'f', offset: M2 } } },
      [{ file: 'f', size: M2 }],
      { of: 'f', offset: M2, length: 4 * M2 },
      { size: 3 * M2, page: M2 },
      { size: 3 * M2, page: M2 },
      { offset: M2, length: M2 },
    ],
  )
})

t.test('what a round has made of files ends with it', async t => {
  const made = '[{file: {as: f}}, {shmget: {as: s, size: 1H}}, {mmap: {as: A, of: f, size: 1H}}, {unlink: f}]'
  const { steps } = point(on('pool: 1', `- repeat: {times: 1, steps: ${made}}`))
  t.same(
    steps.slice(4).map(({ text }) => text),
    ['munmap: A', 'shmrm: s'],
  )
})

const file = '- file: {as: f}'

refuses([
  ['a pool of a node that there is not', on('pool: {node1: 1}', '- mmap: {as: A, size: 1P}'), '2:17 OUT_OF_RANGE'],
  ['a pool of a node of which nobody knows', on('nodes: 2, pool: {2M@node5: 1}', '- expect: {}'), '2:28 BAD_VALUE'],
  ['a pool as a whole and node by node', on('nodes: 2, pool: {2M: 1, 2M@node1: 1}', '- expect: {}'), '2:27 BAD_VALUE'],
  ['reservations of a node', on('nodes: 2', '- expect: {pool@node1: {resv: 1}}'), '4:14 BAD_VALUE'],
  ['counts of a node that there is not', on('', '- expect: {pool@node1: {}}'), '4:14 OUT_OF_RANGE'],
  ['pages for a node that there is not', on('', '- nr-hugepages: {node1: 1}'), '4:19 OUT_OF_RANGE'],
  ['a file that nobody has made', on('pool: 1', '- unlink: f'), '4:13 UNKNOWN_NAME'],
  ['a file that is gone', on('pool: 1', file, '- unlink: f', '- truncate: {f: 0}'), '6:16 UNKNOWN_NAME'],
  ['a file of a kind that is none', on('pool: 1', '- file: {as: f, kind: thp}'), '4:25 BAD_VALUE'],
  ['a file named as a range', on('pool: 1', '- mmap: {as: f, size: 1P}', file), '5:16 NAME_TAKEN'],
  ['a range where a file stands', on('pool: 1', '- mmap: {as: A, size: 1P}', '- unlink: A'), '5:13 UNKNOWN_NAME'],
  ['a kind beside a file', on('pool: 1', file, '- mmap: {as: A, of: f, size: 1H, kind: hugetlb}'), '5:42 BAD_VALUE'],
  ['an offset without a file', on('pool: 1', '- mmap: {as: A, size: 1P, offset: 1P}'), '4:37 BAD_VALUE'],
  ['an odd offset', on('pool: 1', file, '- mmap: {as: A, of: f, size: 1H, offset: 100B}'), '5:44 BAD_AMOUNT'],
  ['a new size that is none', on('pool: 1', file, '- truncate: {f: x}'), '5:19 BAD_AMOUNT'],
  ['a new size without a file', on('pool: 1', file, '- truncate: f'), '5:15 BAD_SHAPE'],
  ['a hole in a file of no size', on('pool: 1', file, '- punch: f'), '5:12 BAD_RANGE'],
  ['an empty hole', on('pool: 1', file, '- punch: f(1H..1H)'), '5:12 BAD_RANGE'],
  ['a segment where a file stands', on('pool: 1', '- shmget: {as: s, size: 1H}', '- unlink: s'), '5:13 UNKNOWN_NAME'],
  ['a file where a segment stands', on('pool: 1', file, '- shmat: {of: f, as: A}'), '5:17 UNKNOWN_NAME'],
  ['a pool of many pages', on('pool: 1', '- nr-hugepages: many'), '4:19 BAD_AMOUNT'],
  ['a pool of a size that is none, set', on('pool: 1', '- nr-hugepages: {3M: 1}'), '4:20 BAD_VALUE'],
  ['a pool set by a process', on('pool: 1', '- {overcommit: 1, by: main}'), '4:25 BAD_VALUE'],
  ['a huge page of three megabytes', on('hugepage: 3M', '- expect: {pool: {}}'), '2:21 BAD_VALUE'],
  ['a huge page without a unit', on('hugepage: 4096', '- expect: {pool: {}}'), '2:21 BAD_VALUE'],
  ['a huge page as large as a small one', on('hugepage: 4K', '- expect: {pool: {}}'), '2:21 BAD_VALUE'],
  ['a pool that is no number', on('pool: many', '- expect: {pool: {}}'), '2:17 BAD_AMOUNT'],
  ['a pool of a size that is none', on('pool: {3M: 1}', '- expect: {pool: {}}'), '2:18 BAD_VALUE'],
  ['a pool of a size, no number', on('pool: {2M: x}', '- expect: {pool: {}}'), '2:22 BAD_AMOUNT'],
  ['a pool as a list', on('pool: [1]', '- expect: {pool: {}}'), '2:17 BAD_SHAPE'],
  ['a thp shared', on('pool: 1', '- mmap: {as: A, size: 1H, kind: thp, shared: yes}'), '4:48 BAD_VALUE'],
  ['base memory without a reserve', on('pool: 1', '- mmap: {as: A, size: 1P, noreserve: yes}'), '4:40 BAD_VALUE'],
  ['tmpfs with a limit', on('pool: 1', '- file: {as: f, kind: shmem, max: 1P}'), '4:37 BAD_VALUE'],
  ['a thp without a reserve', on('pool: 1', '- mmap: {as: A, size: 1H, kind: thp, noreserve: yes}'), '4:51 BAD_VALUE'],
  ['a kind of hugetlb that is none', on('pool: 1', '- mmap: {as: A, size: 1H, kind: hugetlb-3M}'), '4:35 BAD_VALUE'],
  ['an unknown count of a pool', on('pool: 1', '- expect: {pool: {fre: -1}}'), '4:21 UNKNOWN_KEY'],
  ['a pool of no size', on('pool: 1', '- expect: {pool-3M: {}}'), '4:14 BAD_VALUE'],
  ['a count of a pool with a unit', on('pool: 1', '- expect: {pool: {free: -2M}}'), '4:27 BAD_AMOUNT'],
  ['a pool as text', on('pool: 1', '- expect: {pool: +1}'), '4:20 BAD_SHAPE'],
])

t.test('of a node three counts of a pool are compared', async t => {
  const { steps } = point(
    on('nodes: 2', '- expect: {pool@node1: {free: -1}, pool-1G@node0: {}}', '- nr-hugepages: {1G@node1: 2, node0: 1}'),
  )
  t.same(
    steps[0]!.expect!.counters.map(({ name, value }) => [name, value]),
    [
      ['node1/hugepages-2048kB/nr_hugepages', 0],
      ['node1/hugepages-2048kB/free_hugepages', -1],
      ['node1/hugepages-2048kB/surplus_hugepages', 0],
      ['node0/hugepages-1048576kB/nr_hugepages', 0],
      ['node0/hugepages-1048576kB/free_hugepages', 0],
      ['node0/hugepages-1048576kB/surplus_hugepages', 0],
    ],
  )
  t.same(steps[1]!.args, [
    { size: 2 ** 30, node: 1, pages: 2 },
    { size: 2 ** 21, node: 0, pages: 1 },
  ])
})
