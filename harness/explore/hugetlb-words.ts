// Words of hugetlb: segments of huge pages, and their pools.

import type { Answer, Range } from '../engine.ts'
import { CannotJudge } from '../model/bug.ts'
import { PAGE_SIZE as PAGE } from '../model/contents.ts'
import { k } from '../model/kernel.ts'
import { IS_ERR } from '../model/mm/errno.ts'
import { size_to_hstate } from '../model/mm/hugetlb_hstate.ts'
import { type Hstate, type Inode, NULL, VM_NORESERVE } from '../model/mm/mm_types.ts'
import { answerOf, errno } from './answer.ts'
import type { World } from './world.ts'

/** The huge pages of a size. */
export function hstateOf(bytes: number): Hstate {
  const h = size_to_hstate(bytes)
  if (h === NULL) throw new CannotJudge(`this machine has no huge pages of ${bytes / 1024} kB`)
  return h
}

export function shmget(world: World, name: string, page: number, size: number, noreserve: boolean): Answer | undefined {
  const segment = k.newseg(hstateOf(page), size / PAGE, noreserve ? VM_NORESERVE : 0)
  if (IS_ERR(segment)) return answerOf(segment)
  world.files.set(name, segment as Inode)
  return undefined
}

export function shmat(
  world: World,
  name: string,
  of: string,
  size: number,
  page: number,
  readOnly: boolean,
): Answer | undefined {
  const pages = Math.ceil(size / page) * (page / PAGE)
  const addr = world.place(pages, page, 0, -1)
  const error = k.do_shmat(world.mm, world.file(of), addr, readOnly)
  if (error !== 0) return answerOf(error)
  world.ranges.set(name, { addr, size })
  return undefined
}

export function shmdt(world: World, { of, offset }: Range): Answer | undefined {
  const { addr, size } = world.range(of)
  world.endContracts(addr, size / PAGE)
  return answerOf(k.sys_shmdt(world.mm, addr + offset / PAGE))
}

/** Of one node, or (-1) of all. The kernel answers with what there is then: less than asked where memory ended. */
export function nrHugepages(kilobytes: number, pages: number, node: number): undefined {
  if (k.__nr_hugepages_store_common(hstateOf(kilobytes * 1024), node, pages) < pages)
    throw new CannotJudge(`the machine's memory has no room for ${pages} huge pages of ${kilobytes} kB`)
}

export function overcommit(kilobytes: number, pages: number): Answer | undefined {
  return k.nr_overcommit_hugepages_store(hstateOf(kilobytes * 1024), pages) ? undefined : errno('EINVAL')
}
