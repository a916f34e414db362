// Words that the machine does to frames, whoever maps them: split, isolate, putback, migrate, pageout and what the swap
// device does, poison, soft-offline, unpoison; and khugepaged's collapse.

import type { Answer, Range } from '../engine.ts'
import { PAGE_SIZE as PAGE } from '../model/contents.ts'
import { k } from '../model/kernel.ts'
import { EBUSY, EINVAL } from '../model/mm/errno.ts'
import { HPAGE_PMD_NR } from '../model/mm/init.ts'
import { MF_ACTION_REQUIRED } from '../model/mm/memory-failure.ts'
import { NULL, type Page } from '../model/mm/mm_types.ts'
import { NUMA_NO_NODE, nr_online_nodes, page_to_nid } from '../model/mm/mmzone.ts'
import { PageHuge } from '../model/mm/page-flags.ts'
import { answerOf } from './answer.ts'
import type { World } from './world.ts'

/** Does it to each page; the first error is the answer, the others are done all the same. */
function each(pages: Iterable<Page>, one: (page: Page) => number): Answer | undefined {
  let error = 0
  for (const page of pages) error = one(page) || error
  return answerOf(error)
}

export const split = (world: World, frames: Range): Answer | undefined =>
  each(world.pagesOf(frames), k.split_huge_pages_pfn)

/** move_pages(2) empties all pagevecs first (migrate_prep). `to` is a node, or (-1) the other of two. */
export function migrate(world: World, frames: Range, to: number): Answer | undefined {
  k.lru_add_drain_all()
  return each(world.pagesOf(frames), p => {
    const now = page_to_nid(p)
    const nid = to === NUMA_NO_NODE ? nr_online_nodes - 1 - now : to
    // do_move_page_to_node_array leaves what is there already. Base pages of the model come from the first node
    // wherever they go.
    return nr_online_nodes > 1 && now === nid && PageHuge(p) ? 0 : k.migratePage(p, nid)
  })
}

/** `inFlight`: the device finishes the writes when it is told to. */
export function pageout(world: World, frames: Range, inFlight: boolean): undefined {
  k.lru_add_drain_all()
  k.reclaim_pages(world.pagesOf(frames), { inFlight })
}

/** EINVAL: none of them is being written. */
export function finishWriteback(world: World, frames: Range, uptodate: boolean): Answer | undefined {
  const done = [...world.pagesOf(frames)].filter(p => k.finishWriteback(p, uptodate))
  return answerOf(done.length === 0 ? -EINVAL : 0)
}

export const swapon = (): Answer | undefined => answerOf(k.sys_swapon())
export const swapoff = (): Answer | undefined => answerOf(k.sys_swapoff())

/** Nobody hears of what could not be moved. */
export function compact(world: World): undefined {
  k.lru_add_drain_all()
  const pages = [...world.ranges].flatMap(([of, { size }]) => [
    ...world.pagesOf({ of, offset: 0, length: size, text: of }),
  ])
  for (const page of new Set(pages)) k.migratePage(page)
}

export function isolate(world: World, name: string, frames: Range): Answer | undefined {
  const taken: Page[] = []
  for (const page of world.pagesOf(frames)) {
    if (k.isolateForMigration(page) === 0) taken.push(page)
    else {
      for (const other of taken) k.putback_movable_page(other)
      return answerOf(-EBUSY)
    }
  }
  world.isolated.set(name, taken)
  world.nameAgain(name, frames)
  return undefined
}

export function putback(world: World, name: string): undefined {
  for (const page of world.isolated.get(name) ?? []) k.putback_movable_page(page)
  world.isolated.delete(name)
}

/** Of a range that is no whole huge page nothing can be collapsed. */
export function collapse(world: World, { of, offset, length }: Range): Answer | undefined {
  const { addr } = world.range(of)
  const first = Math.ceil((addr + offset / PAGE) / HPAGE_PMD_NR) * HPAGE_PMD_NR
  const end = addr + (offset + length) / PAGE
  let error = first + HPAGE_PMD_NR > end ? -EINVAL : 0
  for (let a = first; a + HPAGE_PMD_NR <= end; a += HPAGE_PMD_NR)
    error = k.khugepaged_scan_address(world.mm, a) || error
  return answerOf(error)
}

/** `required`: `main` was just about to use the memory. */
export function poison(world: World, frames: Range, required: boolean): Answer | undefined {
  const flags = required ? MF_ACTION_REQUIRED : 0
  const current = required ? world.process('main') : NULL
  return each(world.basePages(frames), p => k.memory_failure(p, flags, current))
}

export const softOffline = (world: World, frames: Range): Answer | undefined =>
  each(world.basePages(frames), p => k.soft_offline_page(p, 0))

export function unpoison(world: World, frames: Range): undefined {
  for (const p of world.basePages(frames)) k.unpoison_memory(p)
}
