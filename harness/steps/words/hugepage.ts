// Sizes of huge pages, and the counters of their pools as sysfs spells them.

import type { z } from 'zod'
import { isPowerOfTwo } from './amount.ts'
import { BadWord, quoted, word } from './word.ts'

const units: Readonly<Record<string, number>> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }

/** `2M`, `1G`; what an architecture has: 64K on arm64 and powerpc, 16M and 16G on powerpc. */
export function hugeSize(about: string): z.ZodType<number, string> {
  return word(about, readHugeSize)
}

export function readHugeSize(text: string): number {
  const [, digits, unit] = /^(\d{1,5})([KMG])$/.exec(text) ?? []
  const bytes = Number(digits) * (units[unit ?? ''] ?? 0)
  if (isPowerOfTwo(bytes) && bytes >= 2 ** 13 && bytes <= 2 ** 34) return bytes
  throw new BadWord('BAD_VALUE', `${quoted(text)} is no size of a huge page: a power of two from 8K to 16G`)
}

/** One pool of several: of a size, else the machine's; of all nodes, or of one. */
export interface PoolName {
  readonly size: number | undefined
  readonly node: number | undefined
}

/** `2M`, `node1`, `2M@node1` */
export function poolName(about: string): z.ZodType<PoolName, string> {
  return word(about, readPoolName)
}

export function readPoolName(text: string): PoolName {
  const [, of, node] = /^(.*?)(?:@?\bnode(\d))?$/.exec(text)!
  if (Number(node ?? 0) > 1 || text === '')
    throw new BadWord('BAD_VALUE', `${quoted(text)} is no pool: a size, a node or both: "2M", "node1", "2M@node1"`)
  return { size: of === '' ? undefined : readHugeSize(of!), node: node === undefined ? undefined : Number(node) }
}

/** Refuses a node that the machine does not have. */
export function checkNode(node: number | undefined, nodes: number, key?: string): void {
  if (node !== undefined && node >= nodes)
    throw new BadWord('OUT_OF_RANGE', `the machine has no node ${node}: say machine: {nodes: 2}`, key)
}

/** `2M` */
export function sizeName(bytes: number): string {
  const unit = bytes >= 2 ** 30 ? 'G' : bytes >= 2 ** 20 ? 'M' : 'K'
  return `${bytes / units[unit]!}${unit}`
}

/** What a pool counts, as cases and as sysfs say it. */
export const poolFiles = {
  nr: 'nr_hugepages',
  free: 'free_hugepages',
  resv: 'resv_hugepages',
  surplus: 'surplus_hugepages',
} as const

/** What sysfs tells of the pool of a node. */
export const nodePoolKinds = ['nr', 'free', 'surplus'] as const

/**
 * The counter of a file below /sys/kernel/mm/hugepages: `hugepages-2048kB/free_hugepages`; of a node, below
 * /sys/devices/system/node: `node1/hugepages-2048kB/free_hugepages`.
 */
export function poolCounter(size: number, of: keyof typeof poolFiles, node?: number): string {
  return `${node === undefined ? '' : `node${node}/`}hugepages-${size / 1024}kB/${poolFiles[of]}`
}
