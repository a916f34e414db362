// What tests of hugetlb share: a small machine with pools, accesses, and what the pool counts.

import type { HugePool, Machine } from '../../engine.ts'
import { build } from '../history/compose.ts'
import { DoesNotBuild } from '../history/patch.ts'
import { resolveVariant } from '../history/variant.ts'
import { k } from '../kernel.ts'
import { boot } from '../machine.ts'
import { checkLocksReleased } from '../ops.ts'
import { recount } from '../truth.ts'
import { Signal } from './fault.ts'
import { default_hstate, readPool } from './hugetlb_hstate.ts'
import { type Hstate, type Mm, type Page, VM_READ, VM_WRITE } from './mm_types.ts'
import { page_content, set_page_content } from './page-flags.ts'

export const N = 8
/** A place that is aligned to every huge page. */
export const A = N << 9
export const RW = VM_READ | VM_WRITE

/** A machine with so many huge pages of each size, or of its nodes, and how many more there may be. */
export function machine(
  pages: number | readonly number[],
  overcommit = 0,
  gigantic = 0,
  variant = 'v4.5',
  others: HugePool[] = [],
): void {
  const resolved = resolveVariant(variant)
  if (!resolved.ok) throw new Error(resolved.reason)
  const nodes = typeof pages === 'number' ? [pages] : pages
  const pools: HugePool[] = [
    { size: N * 4096, pages: nodes.reduce((a, b) => a + b), overcommit, nodes },
    { size: (N << 9) * 4096, pages: gigantic, overcommit: 0 },
    ...others,
  ]
  const of: Machine = {
    hpage_nr: N,
    memory: 1 << 28,
    thp: 'madvise',
    nodes: nodes.length,
    cpus: 2,
    debug_vm: true,
    swap: true,
    swap_area: 0,
    swap_device: 'loop',
    page_cluster: 0,
    hugepage: N * 4096,
    pools,
  }
  const kernel = build(resolved.variant.functions, of)
  if (kernel instanceof DoesNotBuild) throw new Error(kernel.reason)
  boot(of, kernel)
}

/** [nr, free, resv, surplus] */
export function pool(h: Hstate = default_hstate): number[] {
  checkLocksReleased()
  const { nr, free, resv, surplus } = readPool(h)
  return [nr, free, resv, surplus]
}

/** Writes one content into the base page at `addr`; the frame, or the signal. */
export function write(mm: Mm, addr: number, content: number): Page | string {
  const frame = k.user_access(mm, addr, true, p => set_page_content(p, content))
  return frame instanceof Signal ? frame.code : frame
}

export function read(mm: Mm, addr: number): number | string {
  let content = -1
  const frame = k.user_access(mm, addr, false, p => {
    content = page_content(p)
  })
  return frame instanceof Signal ? frame.code : content
}

export const truth = (mms: Record<string, Mm>, pins: Page[][] = []) =>
  recount({ mms: new Map(Object.entries(mms)), pins })
export const map = (mm: Mm, addr: number, pages: number, flags = 0, h = default_hstate) =>
  k.sys_mmap_hugetlb(mm, addr, pages, RW, flags, h)
