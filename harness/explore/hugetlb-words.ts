// Words of hugetlb: mappings of huge pages, files of them, segments, and their pools.

import type { Answer, Range } from '../engine.ts'
import { CannotJudge } from '../model/bug.ts'
import { PAGE_SIZE as PAGE } from '../model/contents.ts'
import { file_inode, fput, get_file } from '../model/fs/inode.ts'
import { k } from '../model/kernel.ts'
import { errorName, IS_ERR } from '../model/mm/errno.ts'
import { size_to_hstate } from '../model/mm/hugetlb_hstate.ts'
import { type Hstate, type Inode, type Mm, NULL, VM_NORESERVE, type Vma, vm_area } from '../model/mm/mm_types.ts'
import { MAP_LOCKED, MAP_NORESERVE, MAP_POPULATE, MAP_SHARED } from '../model/mm/mmap_file.ts'
import { rd } from '../model/store.ts'
import type { World } from './world.ts'

const answerOf = (error: number): Answer | undefined =>
  error === 0 ? undefined : { kind: 'errno', errno: errorName(error) }

const einval: Answer = { kind: 'errno', errno: 'EINVAL' }

/** The huge pages of a size. */
function hstateOf(bytes: number): Hstate {
  const h = size_to_hstate(bytes)
  if (h === NULL) throw new CannotJudge(`this machine has no huge pages of ${bytes} bytes`)
  return h
}

/** A mapping that a word asks for; amounts in bytes. */
export interface Mapping {
  readonly name: string
  readonly size: number
  readonly align: number
  readonly shift: number
  readonly at: number
  readonly prot: number
  /** p private, s shared, n noreserve, f populated, l locked. */
  readonly flags: string
  readonly page: number
  readonly file: string
  readonly offset: number
}

const letters: Readonly<Record<string, number>> = { s: MAP_SHARED, n: MAP_NORESERVE, f: MAP_POPULATE, l: MAP_LOCKED }

/** Of a part of a huge page at the end the whole is mapped; the name means what was asked for. */
export function mmapHuge(world: World, m: Mapping): Answer | undefined {
  const h = hstateOf(m.page)
  const pages = m.size / PAGE
  const addr = world.place(Math.ceil(m.size / m.page) * (m.page / PAGE), m.align, m.shift, m.at)
  const replaced = m.at < 0 ? [] : filesIn(world.mm, addr, pages)
  if (m.at >= 0) {
    world.endContracts(addr, pages)
    for (const file of replaced) get_file(file)
    k.sys_munmap(world.mm, addr, pages)
  }
  const flags = [...m.flags].reduce((all, letter) => all | (letters[letter] ?? 0), 0)
  const error =
    m.file === '-'
      ? k.sys_mmap_hugetlb(world.mm, addr, pages, m.prot, flags, h)
      : k.sys_mmap_file(world.mm, addr, pages, m.prot, flags, world.file(m.file), m.offset / PAGE)
  for (const file of replaced) fput(file)
  if (error !== 0) return answerOf(error)
  world.ranges.set(m.name, { addr, size: m.size })
  return undefined
}

/** The files of what stands there. Unmapped, they live until the call returns to its process (4a9d4b024a31, v3.6). */
function filesIn(mm: Mm, addr: number, pages: number): Inode[] {
  const files: Inode[] = []
  let vma = k.find_vma(mm, addr)
  for (; vma !== NULL && rd(vma + vm_area.vm_start) < addr + pages; vma = rd(vma + vm_area.vm_next) as Vma) {
    if (file_inode(vma) !== NULL) files.push(file_inode(vma))
  }
  return files
}

/** `max`: bytes that its mount may have, which then is its own and stays as long as the case; -1: as it is. */
export function createFile(world: World, name: string, page: number, max: number): undefined {
  const h = hstateOf(page)
  const spool = max < 0 ? NULL : k.hugepage_new_subpool(h, Math.floor(max / page), -1)
  if (spool !== NULL) world.mounts.push(spool)
  world.files.set(name, k.hugetlbfs_get_inode(h, spool))
}

export function remove(world: World, name: string): undefined {
  const inode = world.file(name)
  world.files.delete(name)
  fput(inode)
}

export function truncate(world: World, name: string, size: number): Answer | undefined {
  return size % PAGE === 0 ? answerOf(k.do_truncate(world.file(name), size / PAGE)) : einval
}

/** Every page that the bytes touch. */
export function fallocate(world: World, { of, offset, length }: Range): Answer | undefined {
  const first = Math.floor(offset / PAGE)
  const end = Math.ceil((offset + length) / PAGE)
  return answerOf(k.hugetlbfs_fallocate(world.mm, world.file(of), first, end - first, false))
}

/** Every page that lies within the bytes. */
export function punch(world: World, { of, offset, length }: Range): Answer | undefined {
  const first = Math.ceil(offset / PAGE)
  const end = Math.floor((offset + length) / PAGE)
  return answerOf(k.hugetlbfs_punch_hole(world.file(of), first, Math.max(0, end - first)))
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

/** The kernel answers with what there is then: less than asked where memory ended. */
export function nrHugepages(kilobytes: number, pages: number): undefined {
  if (k.set_max_huge_pages(hstateOf(kilobytes * 1024), pages) < pages)
    throw new CannotJudge(`the machine's memory has no room for ${pages} huge pages of ${kilobytes} kB`)
}

export function overcommit(kilobytes: number, pages: number): Answer | undefined {
  return k.nr_overcommit_hugepages_store(hstateOf(kilobytes * 1024), pages) ? undefined : einval
}
