// `machine`: what the machine of a case is like.

import { z } from 'zod'
import type { HugePool, Machine } from '../engine.ts'
import { count, isPowerOfTwo, readSize } from '../steps/words/amount.ts'
import { checkNode, hugeSize, type PoolName, poolName } from '../steps/words/hugepage.ts'
import { yesNo } from '../steps/words/names.ts'
import { type Context, PAGE, type Scope } from '../steps/words/scope.ts'
import { BadWord, choice, pairs, quoted, reading, word } from '../steps/words/word.ts'
import type { Values } from './case.ts'
import { substitute } from './matrix.ts'
import type { Problems } from './problems.ts'
import { read } from './read.ts'
import type { Node } from './tree.ts'

const pages = count('Huge pages', 0, 65536)

/** Of the machine's own huge page size a bare number; of others by size. */
const bySize = (about: string) =>
  z.union([count(about, 0, 65536), pairs(hugeSize('A size of huge pages: `2M`'), count(about, 0, 65536), about)])

const device = choice(
  ['loop', 'brd'],
  'What real kernels swap to: a loop device, from which pages come by way of the swap cache, as in the model (loop); ' +
    'or a RAM disk, whose pages pass it by since 0bcac06f27d7',
)

export const machineShape = z
  .strictObject({
    hpage_nr: word('Base pages in a huge page (512): a power of two from 4 to 8192', readHpageNr).optional(),
    memory: word('Memory of the machine; else the engine chooses', readMemory).optional(),
    thp: choice(['always', 'madvise', 'never'], '/sys/kernel/mm/transparent_hugepage/enabled (madvise)').optional(),
    nodes: count(
      'NUMA nodes (1): all CPUs are on the first, and memory comes from there while it has any',
      1,
      2,
    ).optional(),
    cpus: count('CPUs (1, with a race one for each thread)', 1, 64).optional(),
    debug_vm: yesNo('CONFIG_DEBUG_VM (no)').optional(),
    swap: z
      .union([
        word('A swap area of so many bytes: `8M`; or CONFIG_SWAP alone: `yes`, `no` (yes)', readSwap),
        z
          .strictObject({ size: word('Bytes of the area', readArea), device })
          .transform(({ size, device }): Swap => ({ config: true, bytes: size, device })),
      ])
      .optional(),
    page_cluster: count(
      '/proc/sys/vm/page-cluster: how many pages, by order, are swapped in at once (0)',
      0,
      5,
    ).optional(),
    hugepage: hugeSize('The huge page that `kind: hugetlb` and H mean: `2M`, `1G` (that of a THP)').optional(),
    pool: z
      .union([
        pages,
        pairs(poolName('A size of huge pages, a node or both: `2M@node1`'), pages, 'Pools and their pages'),
      ])
      .optional()
      .describe(
        'Huge pages in the pool, spread over the nodes: a number, or one for each size, node or both: `{2M: 4, 1G: 1}`, ' +
          '`{node0: 3, node1: 1}`, `{2M@node1: 2}` (0)',
      ),
    overcommit: bySize('Surplus huge pages that there may be beyond the pool, likewise (0)').optional(),
  })
  .superRefine(({ pool, nodes = 1 }, ctx) => {
    reading(() => checkPools(pool, nodes))(undefined, ctx)
  })
  .describe('What the machine is like; what cannot be had is answered with `config`')

/** The machine under one combination; what is not said, or not well, is as usual. `threads`: of the race, 1 without. */
export function readMachine(node: Node | undefined, values: Values, threads: number, problems: Problems): Machine {
  const said = (node && read(machineShape, substitute(node, values, problems), problems)) ?? {}
  const { hpage_nr = 512, memory, thp = 'madvise', cpus = threads, debug_vm = false, page_cluster = 0 } = said
  const { hugepage = hpage_nr * PAGE, nodes = 1, swap = noArea(true) } = said
  const area = { swap: swap.config, swap_area: swap.bytes, swap_device: swap.device, page_cluster }
  return { hpage_nr, memory, thp, nodes, cpus, debug_vm, ...area, hugepage, pools: poolsOf(said, hugepage, nodes) }
}

/** What words of a step by `by` are read against. */
export function contextFor({ hpage_nr, hugepage, nodes }: Machine, scope: Scope, by = 'main'): Context {
  return { scope, huge: hugepage, thp: hpage_nr * PAGE, nodes, by, fresh: new Set<string>() }
}

type BySize = number | readonly (readonly [size: number, pages: number])[] | undefined

type ByPool = number | readonly (readonly [pool: PoolName, pages: number])[] | undefined

function poolsOf(said: { pool?: ByPool; overcommit?: BySize }, hugepage: number, nodes: number): HugePool[] {
  const listed =
    typeof said.pool === 'number' ? [[{ size: hugepage, node: undefined }, said.pool] as const] : (said.pool ?? [])
  const more = new Map(typeof said.overcommit === 'number' ? [[hugepage, said.overcommit]] : said.overcommit)
  const sizes = new Set([...listed.map(([{ size = hugepage }]) => size), ...more.keys()])
  return [...sizes]
    .sort((a, b) => a - b)
    .map(of => {
      const mine = listed.filter(([{ size = hugepage }]) => size === of)
      const pages = mine.reduce((sum, [, n]) => sum + n, 0)
      const pool = { size: of, pages, overcommit: more.get(of) ?? 0 }
      if (mine.every(([{ node }]) => node === undefined)) return pool
      return {
        ...pool,
        nodes: Array.from({ length: nodes }, (_, nid) => mine.find(([{ node }]) => node === nid)?.[1] ?? 0),
      }
    })
}

/** A pool is said as a whole or node by node, of nodes that there are. */
function checkPools(pool: ByPool, nodes: number): void {
  if (typeof pool === 'number' || pool === undefined) return
  for (const [{ size, node }] of pool) {
    checkNode(node, nodes, 'pool')
    const others = pool.filter(([other]) => other.size === size && (other.node === undefined || node === undefined))
    if (others.length > 1) throw new BadWord('BAD_VALUE', 'a pool is said as a whole or node by node', 'pool')
  }
}

function readHpageNr(text: string): number {
  const pages = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (isPowerOfTwo(pages) && pages >= 4 && pages <= 8192) return pages
  throw new BadWord('BAD_VALUE', `${quoted(text)} is no power of two from 4 to 8192`)
}

function readMemory(text: string): number {
  const bytes = readSize(text, 512 * PAGE)
  if (bytes >= 2 ** 20 && bytes <= 2 ** 40) return bytes
  throw new BadWord('OUT_OF_RANGE', `${quoted(text)} is not between 1M and 1024G`)
}

interface Swap {
  readonly config: boolean
  readonly bytes: number
  readonly device: Machine['swap_device']
}

const noArea = (config: boolean): Swap => ({ config, bytes: 0, device: 'loop' })

function readSwap(text: string): Swap {
  if (text === 'yes' || text === 'no') return noArea(text === 'yes')
  return { config: true, bytes: readArea(text), device: 'loop' }
}

function readArea(text: string): number {
  const bytes = readSize(text, 512 * PAGE)
  if (bytes % PAGE === 0 && bytes >= 10 * PAGE && bytes <= 2 ** 30) return bytes
  throw new BadWord('OUT_OF_RANGE', `${quoted(text)} is not between 10P and 1G, in whole pages`)
}
