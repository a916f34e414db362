// What steps say in plain words, and the words that stand in their arguments.

import t from 'tap'
import { steps as verbs } from './index.ts'
import { patternByte, random } from './words/bytes.ts'
import { nearest } from './words/nearest.ts'
import { type Context, PAGE, Scope, within } from './words/scope.ts'

const H = 512 * PAGE
const M = 2 ** 20

/**
 * A has 4 pages, T two huge pages, the file f and the segment s two of 1M; `p` is a pin of A that `child` has taken,
 * `held` is isolated.
 */
function context(): Context {
  const scope = new Scope()
  scope.begin('child')
  scope.name({ kind: 'range', name: 'A', size: 4 * PAGE, base: 0, huge: H, page: PAGE, maker: 'main' })
  scope.name({ kind: 'range', name: 'T', size: 2 * H, base: 0, huge: H, page: PAGE, maker: 'main' })
  scope.name({ kind: 'file', name: 'f', size: 2 * M, base: 0, huge: M, page: M, maker: 'main' })
  scope.name({ kind: 'segment', name: 's', size: 2 * M, base: 0, huge: M, page: M, maker: 'main' })
  scope.name({ kind: 'frames', name: 'held', size: H, base: 0, huge: H, page: PAGE, maker: 'main', isolated: true })
  scope.name({
    kind: 'frames',
    name: 'p',
    size: 4 * PAGE,
    base: 0,
    huge: H,
    page: PAGE,
    maker: 'child',
    pinned: 'write',
  })
  return { scope, huge: H, thp: H, nodes: 2, by: 'main', fresh: new Set() }
}

const said = (verb: string, args: unknown) => within(context(), () => verbs[verb]!.words(verbs[verb]!.args.parse(args)))

const words: readonly (readonly [verb: string, args: unknown, ...words: unknown[]])[] = [
  ['munmap', 'T.upper', ['munmap', 'T', H, H]],
  ['mremap', { range: 'A.page(1)', as: 'B' }, ['mremap', 'A', PAGE, PAGE, 'B', PAGE, PAGE, 0, -1]],
  [
    'mremap',
    { range: 'A', as: 'B', size: '1H', align: '1H', shift: '1P' },
    ['mremap', 'A', 0, 4 * PAGE, 'B', H, H, PAGE, -1],
  ],
  [
    'mremap',
    { range: 'A', as: 'B', at: '0xa0000000' },
    ['mremap', 'A', 0, 4 * PAGE, 'B', 4 * PAGE, PAGE, 0, 0xa0000000],
  ],
  ['brk', { as: 'B', size: '2P' }, ['brk', 'B', 2 * PAGE, -1, '-']],
  ['brk', { as: 'B', size: '1P', at: '16G-1P' }, ['brk', 'B', PAGE, 2 ** 34 - PAGE, '-']],
  ['brk', { range: 'A', as: 'B', size: '1P' }, ['brk', 'B', PAGE, -1, 'A']],
  ['mprotect', { 'A(0..1P)': 'r', T: 'none' }, ['mprotect', 'A', 0, PAGE, 'r'], ['mprotect', 'T', 0, 2 * H, 'none']],
  ['madvise', { 'T.huge(1)': 'dontfork' }, ['madvise', 'T', H, H, 'dontfork']],
  ['file', { as: 'g' }, ['file', 'g', H, -1, -1]],
  ['unlink', 'f', ['unlink', 'f']],
  ['truncate', { f: '1H' }, ['truncate', 'f', M]],
  ['fadvise', { 'f(0..1H)': 'willneed' }, ['fadvise', 'f', 0, M, 'willneed']],
  ['readahead', 'f(1H..2H)', ['readahead', 'f', M, M]],
  ['fallocate', 'f', ['fallocate', 'f', 0, 2 * M]],
  ['fallocate', 'f(1B..3H)', ['fallocate', 'f', 1, 3 * M - 1]],
  ['punch', 'f.huge(1)', ['punch', 'f', M, M]],
  ['shmget', { as: 't', size: '1H', noreserve: 'yes' }, ['shmget', 't', H, H, 1]],
  ['shmat', { of: 's', as: 'B', prot: 'r' }, ['shmat', 'B', 's', 2 * M, M, 'r']],
  ['shmdt', 'A', ['shmdt', 'A', 0, 4 * PAGE]],
  ['shmrm', 's', ['shmrm', 's']],
  ['nr-hugepages', '3', ['nr-hugepages', 2048, 3, -1]],
  ['overcommit', { '1G': '1', '64K': '0' }, ['overcommit', 1048576, 1], ['overcommit', 64, 0]],
  ['split', 'p.page(1)', ['split', 'p', PAGE, PAGE]],
  ['split', 'T.huge(1)', ['split', 'T', H, H]],
  ['isolate', { p: 'a', 'T.upper': 'b' }, ['isolate', 'a', 'p', 0, 4 * PAGE], ['isolate', 'b', 'T', H, H]],
  ['putback', 'held', ['putback', 'held']],
  ['migrate', 'p', ['migrate', 'p', 0, 4 * PAGE, -1]],
  ['migrate', { frames: 'p', to: '1' }, ['migrate', 'p', 0, 4 * PAGE, 1]],
  ['collapse', 'T.huge(0)', ['collapse', 'T', 0, H]],
  ['mlock', 'A', ['mlock', 'A', 0, 4 * PAGE, 0]],
  ['mlock', { range: 'A.page(1)', onfault: 'yes' }, ['mlock', 'A', PAGE, PAGE, 1]],
  ['munlock', 'T.upper', ['munlock', 'T', H, H]],
  ['mlockall', 'current', ['mlockall', 1, 0, 0]],
  ['mlockall', ['future', 'onfault'], ['mlockall', 0, 1, 1]],
  ['munlockall', 'all', ['munlockall']],
  ['touch', 'A', ['touch', 'A', 0, 4 * PAGE, 'w', PAGE]],
  ['touch', { range: 'A', access: 'read' }, ['touch', 'A', 0, 4 * PAGE, 'r', PAGE]],
  ['write', { 'A(1B..3B)': '0x5a', T: 'zero' }, ['write', 'A', 1, 2, 'b90'], ['write', 'T', 0, 2 * H, 'b0']],
  ['write', { 'A.page(1)': 'seed(7)' }, ['write', 'A', PAGE, PAGE, 's7+4096']],
  ['read', { A: ['1', 'seed(2)'] }, ['read', 'A', 0, 4 * PAGE]],
  ['clear-refs', 'child', ['clear-refs', 'child']],
  ['fork', 'other', ['fork', 'other']],
  ['exit', 'child', ['exit', 'child']],
  ['odirect-write', { 'A.page(1)': ['1', '2'] }, ['odirect-write', 'A', PAGE, PAGE]],
  ['odirect-read', { A: '7' }, ['odirect-read', 'A', 0, 4 * PAGE, 'b7']],
  ['ptrace-poke', { 'A(8B..16B)': 'seed(7)' }, ['ptrace-poke', 'A', 8, 8, 's7+8']],
  ['note', { 'A.upper': 'n' }, ['note', 'n', 'A', 2 * PAGE, 2 * PAGE]],
  ['pin', { range: 'A', as: 'q' }, ['pin', 'q', 'A', 0, 4 * PAGE, 'longterm', 'write']],
  ['pin', { range: 'A', as: 'q', hold: 'get', access: 'read' }, ['pin', 'q', 'A', 0, 4 * PAGE, 'get', 'read']],
  ['unpin', 'p', ['unpin', 'p']],
  ['dma-read', { 'p.page(3)': '0' }, ['dma-read', 'p', 3 * PAGE, PAGE]],
  ['dma-write', { p: '255' }, ['dma-write', 'p', 0, 4 * PAGE, 'b255']],
  ['rdma', { from: 'p', to: 'p', transfers: '100', size: '0..1024B', seed: '1' }, ['rdma', 'p', 'p', 100, 0, 1024, 1]],
  ['exec-stack', 'A', ['exec-stack', 'A']],
  ['fail-alloc', 'region', ['fail-alloc', 'region', 1]],
  ['drain-lru', 'all', ['drain-lru']],
  ['expect', {}],
]

const huge = (args: object) => said('mmap', { as: 'B', size: '2H', kind: 'hugetlb', ...args })

t.test('memory of hugetlb: which pages, and whose', async t => {
  t.same(huge({}), [['mmap-file', 'B', 2 * H, H, 0, -1, 'rw', 'p', H, '-', 0]])
  t.same(huge({ shared: 'yes', noreserve: 'yes', at: '1G' }), [
    ['mmap-file', 'B', 2 * H, H, 0, 2 ** 30, 'rw', 'sn', H, '-', 0],
  ])
  t.same(huge({ hint: 'TASK_SIZE-1H' }), [['mmap-file', 'B', 2 * H, H, 0, -H, 'rw', 'ph', H, '-', 0]])
  t.same(said('mmap', { as: 'B', of: 'f', size: '1H', offset: '4K', align: '1P' }), [
    ['mmap-file', 'B', H, PAGE, 0, -1, 'rw', 'p', H, 'f', PAGE],
  ])
  t.same(huge({ touch: 'yes', prot: 'r' }), [
    ['mmap-file', 'B', 2 * H, H, 0, -1, 'rw', 'p', H, '-', 0],
    ['touch', 'B', 0, 2 * H, 'w', H],
    ['mprotect', 'B', 0, 2 * H, 'r'],
  ])
  t.same(huge({ fill: '7', populate: 'yes', locked: 'yes' })[1], ['write', 'B', 0, 2 * H, 'b7'])
})

t.test('steps say themselves in plain words', async t => {
  for (const [verb, args, ...wanted] of words) t.same(said(verb, args), wanted, verb)
})

const begin = ['madvise', 'B', 0, H, 'hugepage']
const mapped = ['mmap', 'B', H, H, 0, -1, 'rw', 0]
const touched = [mapped, begin, ['touch', 'B', 0, H, 'w', PAGE], ['shape', 'B', 0, H, 'pmd']]
const split = [
  ['madvise', 'B', PAGE, PAGE, 'dontfork'],
  ['madvise', 'B', PAGE, PAGE, 'dofork'],
]

const kinds: readonly (readonly [args: object, ...words: unknown[]])[] = [
  [{ size: '2P' }, ['mmap', 'B', 2 * PAGE, PAGE, 0, -1, 'rw', 0], ['madvise', 'B', 0, 2 * PAGE, 'nohugepage']],
  [
    { size: '2P', populate: 'yes', align: '1H', shift: '1P', prot: 'r' },
    ['mmap', 'B', 2 * PAGE, H, PAGE, -1, 'r', 1],
    ['madvise', 'B', 0, 2 * PAGE, 'nohugepage'],
  ],
  [
    { size: '1P', fill: 'seed(3)', prot: 'none', at: '0x10000' },
    ['mmap', 'B', PAGE, PAGE, 0, 0x10000, 'rw', 0],
    ['madvise', 'B', 0, PAGE, 'nohugepage'],
    ['write', 'B', 0, PAGE, 's3+0'],
    ['mprotect', 'B', 0, PAGE, 'none'],
  ],
  [
    { size: '1P', locked: 'yes', hint: 'TASK_SIZE-1H-1P' },
    ['mmap', 'B', PAGE, PAGE, 0, -H - PAGE, 'rw', 6],
    ['madvise', 'B', 0, PAGE, 'nohugepage'],
  ],
  [
    { size: '2P', grows: 'down' },
    ['mmap', 'B', 2 * PAGE, PAGE, 0, -1, 'rw', 8],
    ['madvise', 'B', 0, 2 * PAGE, 'nohugepage'],
  ],
  [{ size: '1P', locked: 'yes' }, ['mmap', 'B', PAGE, PAGE, 0, -1, 'rw', 2], ['madvise', 'B', 0, PAGE, 'nohugepage']],
  [{ size: '2P', kind: 'exec-stack' }, ['bprm-mm-init', 'B', 2 * PAGE], ['touch', 'B', 0, 2 * PAGE, 'w', PAGE]],
  [{ size: '2P', kind: 'exec-stack', fill: '7' }, ['bprm-mm-init', 'B', 2 * PAGE], ['write', 'B', 0, 2 * PAGE, 'b7']],
  [{ size: '1H', kind: 'thp' }, mapped, begin],
  [{ size: '1H', kind: 'thp', touch: 'yes' }, ...touched],
  [{ size: '1H', kind: 'thp', populate: 'yes' }, ...touched],
  [{ size: '1H', kind: 'thp', fill: '1' }, mapped, begin, ['write', 'B', 0, H, 'b1'], ['shape', 'B', 0, H, 'pmd']],
  [{ size: '1H', kind: 'thp-pte' }, ...touched, ...split, ['shape', 'B', 0, H, 'pte']],
  [
    { size: '1H', kind: 'thp-single' },
    ...touched,
    ...split,
    ['madvise', 'B', PAGE, H - PAGE, 'dontneed'],
    ['name', 'B', PAGE],
    ['shape', 'B', 0, PAGE, 'pte'],
  ],
  [
    { size: '1H', kind: 'thp-moved' },
    ...touched,
    ['mremap', 'B', H / 2, H / 2, 'B.moved', H / 2, PAGE, 0, -1],
    ['name', 'B', H / 2],
    ['shape', 'B', 0, H / 2, 'pte'],
  ],
  [
    { size: '1H', kind: 'thp-shared' },
    ...touched,
    ['madvise', 'B', PAGE, H - PAGE, 'dontfork'],
    ['fork', 'B.sharer'],
    ['exit', 'B.sharer'],
    ['madvise', 'B', PAGE, H - PAGE, 'dofork'],
    ['shape', 'B', 0, H, 'pte'],
  ],
]

t.test('kinds of memory are recipes of plain words', async t => {
  for (const [args, ...wanted] of kinds) t.same(said('mmap', { as: 'B', ...args }), wanted, JSON.stringify(args))
})

t.test('the name of a kind means what is left of it', async t => {
  const named = (kind: string) => {
    const { args, names } = verbs.mmap!
    const namings = within(context(), () => names!(args.parse({ as: 'B', size: '1H', kind })))
    return namings.map(naming => [naming.name, 'size' in naming && naming.size])
  }
  t.same(named('thp-single'), [['B', PAGE]])
  t.same(named('thp-moved'), [
    ['B', H / 2],
    ['B.moved', H / 2],
  ])
})

t.test('a pin is let go by the process that took it', async t => {
  const { actor, args } = verbs.unpin!
  t.equal(
    within(context(), () => actor!(args.parse('p'))),
    'child',
  )
})

// Also what the C program inside a guest must give.
t.test('the stream of a seed is fixed', async t => {
  t.same(
    Array.from({ length: 8 }, (_, i) => patternByte(7, i)),
    [145, 139, 185, 217, 109, 234, 64, 189],
  )
  t.equal(patternByte(7, 2 ** 32 + 3), patternByte(7, 3))
})

t.test('the numbers of a seed are fixed', async t => {
  const next = random(1)
  t.same([next(), next(), next(), next()], [1580013426, 350525680, 3524174333, 3011703609])
})

t.test('the nearest word is within two edits, and fewer than it has letters', async t => {
  const known = ['touch', 'fork', 'exit', 'rw']
  t.equal(nearest('tuch', known), 'touch')
  t.equal(nearest('frok', known), 'fork')
  t.equal(nearest('FORK', known), 'fork')
  t.equal(nearest('exxiit', known), 'exit')
  t.equal(nearest('exxiitt', known), undefined)
  t.equal(nearest('xy', known), undefined)
  t.equal(nearest('a'.repeat(100_000), known), undefined)
})
