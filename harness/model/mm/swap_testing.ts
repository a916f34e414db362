// For tests of swap: a machine with a swap area of sixteen pages, the header included, and a process with memory at A.

import type { Finding, Machine } from '../../engine.ts'
import { build } from '../history/compose.ts'
import { DoesNotBuild } from '../history/patch.ts'
import { resolveVariant } from '../history/variant.ts'
import { k } from '../kernel.ts'
import { boot } from '../machine.ts'
import { checkLocksReleased } from '../ops.ts'
import { S } from '../store.ts'
import { recount } from '../truth.ts'
import { mm_alloc } from './fork.ts'
import { type Mm, type Page, type Pte, page, type Swp, VM_READ, VM_WRITE } from './mm_types.ts'
import { pmd_offset, pte_offset, read_pmd } from './pgtable.ts'
import { swap_info } from './swapfile_map.ts'
import { readCounters } from './vmstat.ts'

export const A = 1 << 12
export const SLOTS = 15

const machine: Machine = {
  hpage_nr: 8,
  memory: undefined,
  thp: 'never',
  nodes: 1,
  cpus: 1,
  debug_vm: true,
  swap: true,
  swap_area: (SLOTS + 1) * 4096,
  swap_device: 'loop',
  page_cluster: 0,
  hugepage: 2 ** 21,
  pools: [],
}

/** A process with `pages` pages at A, page i full of byte i + 1, none waiting in a pagevec. */
export function written(pages: number, changes: Partial<Machine> = {}, variant = 'v4.5'): Mm {
  const resolved = resolveVariant(variant)
  if (!resolved.ok) throw new Error(resolved.reason)
  const kernel = build(resolved.variant.functions, machine)
  if (kernel instanceof DoesNotBuild) throw new Error(kernel.reason)
  boot({ ...machine, ...changes }, kernel)
  const mm = mm_alloc()
  k.sys_mmap(mm, A, pages, VM_READ | VM_WRITE)
  for (let i = 0; i < pages; i++) fill(mm, A + i, i + 1)
  k.lru_add_drain()
  return mm
}

/** Writes a byte all over a page; returns the frame. */
export function fill(mm: Mm, addr: number, byte: number): Page {
  const frame = k.user_access(mm, addr, true)
  if (typeof frame !== 'number') throw new Error(frame.signal)
  S[frame + page.content] = byte
  checkLocksReleased()
  return frame
}

/** Reads a page; returns the frame. */
export function look(mm: Mm, addr: number): Page {
  const frame = k.user_access(mm, addr, false)
  if (typeof frame !== 'number') throw new Error(frame.signal)
  checkLocksReleased()
  return frame
}

export const byteAt = (mm: Mm, addr: number): number => S[look(mm, addr) + page.content]!

/** What stands in the page table, without touching it. */
export const entryAt = (mm: Mm, addr: number): Pte => S[pte_offset(read_pmd(pmd_offset(mm, addr)), addr)] as Pte

export function pageout(pages: readonly Page[], inFlight = false): void {
  k.reclaim_pages(pages, { inFlight })
  checkLocksReleased()
}

/** What the slot's count says: entries, and the cache as SWAP_HAS_CACHE. */
export const mapCount = (slot: number): number => S[swap_info.swap_map + (slot as Swp)]!

export const truth = (mms: Record<string, Mm>, pins: Page[][] = []): Finding[] =>
  recount({ mms: new Map(Object.entries(mms)), pins })

/** Pages: mapped, in the swap cache, slots that are free. */
export function sums(): [anon: number, cached: number, free: number] {
  const { AnonPages, SwapCached, SwapFree } = readCounters()
  return [AnonPages! / 4096, SwapCached! / 4096, SwapFree! / 4096]
}
