// What a test point takes of a machine: memory, CPUs, nodes.

import { totalmem } from 'node:os'
import type { TestPoint } from '../engine.ts'
import { PAGE } from '../steps/words/scope.ts'

/** Points with the same needs share a boot. */
export interface GuestNeeds {
  readonly cpus: number
  readonly nodes: number
  /** Bytes. */
  readonly memory: number
  /** Huge pages of 1 GiB, which are best had at boot: a guest has as many as one of its points wants. */
  readonly gigantic: boolean
}

const MiB = 2 ** 20
const GiB = 2 ** 30
const smallest = 256 * MiB
/** Guests come in few sizes, so that few boots serve all points. */
const sizes = [768 * MiB, 1792 * MiB, 3072 * MiB]
const giganticSizes = [5 * GiB, 7 * GiB]
/** What the kernel may take beside what the case maps. */
const spare = 640 * MiB

/** The guest for a point, whose program is `lines`; or why there is none. */
export function guestFor(point: TestPoint, lines: readonly string[]): GuestNeeds | string {
  const memory = guestMemory(point, lines)
  if (typeof memory === 'string') return memory
  const gigantic = pagesOf(GiB, point, lines) > 0
  return { cpus: point.machine.cpus, nodes: nodesOf(point, lines), memory, gigantic }
}

/** Memory moves to another node, if there is one. */
export function nodesOf({ machine }: TestPoint, lines: readonly string[]): number {
  return lines.some(line => line.startsWith('migrate ')) ? 2 : machine.nodes
}

/** Bytes that a point may come to use, beside what the kernel has already. */
export function bytesOf(point: TestPoint, lines: readonly string[]): number {
  return smallBytes(point, lines) + pagesOf(GiB, point, lines) * GiB
}

/** Huge pages of 1 GiB in the pool at its beginning. */
export function giganticAtFirst({ machine }: TestPoint): number {
  return machine.pools.find(({ size }) => size === GiB)?.pages ?? 0
}

/** All but gigantic pages. A fork may copy all that is pinned. */
function smallBytes(point: TestPoint, lines: readonly string[]): number {
  const mmaps = lines.filter(line => /^(mmap|brk) /.test(line) || (line.startsWith('mmap-file ') && isSmall(line)))
  const mapped = mmaps.reduce((sum, line) => sum + Number(line.split(' ')[2]), 0)
  const copies = lines.some(line => line.startsWith('fork ')) ? 2 : 1
  return point.machine.swap_area + copies * mapped + pagesOf(2 * MiB, point, lines) * 2 * MiB
}

/** Whether a mapping of a file is of base pages. */
const isSmall = (line: string): boolean => Number(line.split(' ')[8]) === PAGE

/** The most huge pages of a size that there ever are. */
function pagesOf(size: number, { machine: { pools } }: TestPoint, lines: readonly string[]): number {
  const pool = pools.find(one => one.size === size)
  const set = (verb: string) =>
    lines.filter(line => line.startsWith(`${verb} ${size / 1024} `)).map(line => Number(line.split(' ')[2]))
  return Math.max(pool?.pages ?? 0, ...set('nr-hugepages')) + Math.max(pool?.overcommit ?? 0, ...set('overcommit'))
}

/**
 * Memory of the guest, or why there is none so large. Huge pages of 1 GiB begin at whole GiB of memory: three more GiB
 * hold the kernel, its page structs, and what it was booted from.
 */
function guestMemory(point: TestPoint, lines: readonly string[]): number | string {
  const { memory } = point.machine
  const small = smallBytes(point, lines) + spare
  const gigantic = pagesOf(GiB, point, lines)
  const all = gigantic > 0 ? giganticSizes : sizes
  const need = memory ?? (gigantic > 0 ? (gigantic + 3) * GiB : small)
  const largest = all.at(-1)!
  if (memory !== undefined && memory < smallest) return `a real kernel needs ${smallest / MiB} MiB of memory`
  if (need > largest || small > sizes.at(-1)!) return `a guest gets no more than ${largest / MiB} MiB of memory`
  if (need > totalmem()) return `a guest of ${need / GiB} GiB is more than this machine`
  return memory ?? all.find(bytes => bytes >= need)!
}
