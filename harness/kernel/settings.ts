// Settings of the memory management that the probe changes, on a machine that is in use.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A file below /sys or /proc/sys, and what stands in it. */
export interface Setting {
  readonly path: string
  readonly value: string
}

const thp = 'sys/kernel/mm/transparent_hugepage'
const hugepages = 'sys/kernel/mm/hugepages'
const nodes = 'sys/devices/system/node'

/** Without the pools, whose files depend on the machine. */
const fixed = [
  ...[`${thp}/enabled`, `${thp}/defrag`],
  ...[`${thp}/khugepaged/scan_sleep_millisecs`, `${thp}/khugepaged/alloc_sleep_millisecs`],
  ...[
    'sys/kernel/mm/ksm/run',
    'proc/sys/kernel/numa_balancing',
    'proc/sys/vm/stat_interval',
    'proc/sys/vm/page-cluster',
  ],
]

/**
 * All that the probe may change and this machine has, below `root`, but the pools `left`; in this order it is given
 * back.
 */
export function readSettings(root: string, left: readonly LeftPool[] = []): Setting[] {
  const pools = poolFiles(root).filter(path => !left.some(({ name }) => path.includes(`/${name}/`)))
  return [...fixed, ...pools].flatMap(path => {
    const value = valueAt(root, path)
    return value === undefined ? [] : [{ path, value }]
  })
}

/** A pool of huge pages that is left alone: `hugepages-2048kB`. */
export interface LeftPool {
  readonly name: string
  readonly kilobytes: number
  /** One sentence for whoever wants it. */
  readonly reason: string
}

/** Pools of which others have pages, or which are counted wrong: nobody else may change them, or judge by them. */
export function poolsToLeave(root: string): LeftPool[] {
  return namesIn(join(root, hugepages)).flatMap(name => {
    const count = (file: string) => Number(valueAt(root, join(hugepages, name, file)) ?? 0)
    const used = count('nr_hugepages') - count('free_hugepages')
    const kilobytes = Number(/\d+/.exec(name)?.[0])
    if (isBelowZero(root, name))
      return [{ name, kilobytes, reason: `this machine counts huge pages below zero until it boots (${name})` }]
    if (used > 0 || count('resv_hugepages') > 0 || count('surplus_hugepages') > 0)
      return [{ name, kilobytes, reason: `huge pages of this machine are in use (${name})` }]
    return []
  })
}

/** The kernel prints what has gone below zero as if it were near 2^64. */
const isBelowZero = (root: string, name: string): boolean =>
  Number(valueAt(root, join(hugepages, name, 'resv_hugepages')) ?? 0) > 2 ** 63

/** Whether nobody can set it before the next boot: the size of a pool whose reservations are below zero. */
export function isStuck(root: string, path: string): boolean {
  const name = /\/(hugepages-[^/]+)\//.exec(path)?.[1]
  return name !== undefined && isBelowZero(root, name)
}

/** A setting that was given back, or could not be. */
export interface Returned {
  readonly path: string
  readonly from: string
  readonly to: string
  readonly done: boolean
}

const attempts = 40
const pause = 50

/**
 * Gives settings back, and tells of those that stood otherwise. Synchronous: it is done also while the process exits.
 * Pages of processes that have just been killed come back a little later.
 */
export function writeSettings(root: string, settings: readonly Setting[]): Returned[] {
  const returned: Returned[] = []
  for (const { path, value } of settings) {
    const from = valueAt(root, path)
    if (from === value || from === undefined) continue
    for (let i = 0; i < attempts && valueAt(root, path) !== value; i++) {
      if (i > 0) wait(pause)
      try {
        writeFileSync(join(root, path), value)
      } catch {
        // What it says then is what counts.
      }
    }
    returned.push({ path, from, to: value, done: valueAt(root, path) === value })
  }
  return returned
}

/** Pools of all nodes, then of each: what the first gives back evenly the others put where it was. */
function poolFiles(root: string): string[] {
  const sizes = namesIn(join(root, hugepages))
  const of = namesIn(join(root, nodes)).filter(name => /^node\d+$/.test(name))
  return [
    ...sizes.flatMap(size => ['nr_overcommit_hugepages', 'nr_hugepages'].map(file => join(hugepages, size, file))),
    ...(of.length > 1 ? of : []).flatMap(node =>
      sizes.map(size => join(nodes, node, 'hugepages', size, 'nr_hugepages')),
    ),
  ]
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).sort() : []
}

/** Of `always [madvise] never` the word that holds. */
function valueAt(root: string, path: string): string | undefined {
  try {
    const text = readFileSync(join(root, path), 'utf8').trim()
    return /\[(.+)\]/.exec(text)?.[1] ?? text
  } catch {
    return undefined
  }
}

export function wait(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}
