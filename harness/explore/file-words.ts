// Words of files: mappings of them, shared anonymous memory among these, and what is done to files of hugetlbfs and
// tmpfs.

import type { Answer, Range } from '../engine.ts'
import { PAGE_SIZE as PAGE } from '../model/contents.ts'
import { file_inode, fput, get_file } from '../model/fs/inode.ts'
import { k } from '../model/kernel.ts'
import { IS_ERR } from '../model/mm/errno.ts'
import { type Inode, type Mm, NULL, type Vma, vm_area } from '../model/mm/mm_types.ts'
import { MAP_LOCKED, MAP_NORESERVE, MAP_POPULATE, MAP_SHARED } from '../model/mm/mmap_file.ts'
import { rd } from '../model/store.ts'
import { answerOf, errno } from './answer.ts'
import { areaFor } from './area.ts'
import { hstateOf } from './hugetlb-words.ts'
import type { World } from './world.ts'

/** A mapping that a word asks for; amounts in bytes. */
export interface Mapping {
  readonly name: string
  readonly size: number
  readonly align: number
  readonly shift: number
  readonly at: number
  readonly prot: number
  /** p private, s shared, n noreserve, f populated, l locked, h without MAP_FIXED. */
  readonly flags: string
  readonly page: number
  readonly file: string
  readonly offset: number
}

const letters: Readonly<Record<string, number>> = { s: MAP_SHARED, n: MAP_NORESERVE, f: MAP_POPULATE, l: MAP_LOCKED }

/** Of a part of a huge page at the end the whole is mapped; the name means what was asked for. */
export function mmapFile(world: World, m: Mapping): Answer | undefined {
  const pages = m.size / PAGE
  const hint = m.flags.includes('h')
  const whole = Math.ceil(m.size / m.page) * (m.page / PAGE)
  const addr = areaFor(world, { ...m, hint }, whole, m.page === PAGE ? NULL : hstateOf(m.page))
  if (addr < 0) return answerOf(addr)
  const fixed = m.at !== -1 && !hint
  const replaced = fixed ? filesIn(world.mm, addr, pages) : []
  if (fixed) {
    world.endContracts(addr, pages)
    for (const file of replaced) get_file(file)
    k.sys_munmap(world.mm, addr, pages)
  }
  const flags = [...m.flags].reduce((all, letter) => all | (letters[letter] ?? 0), 0)
  const error = mapAt(world, m, addr, flags)
  for (const file of replaced) fput(file)
  if (error !== 0) return answerOf(error)
  world.ranges.set(m.name, { addr, size: m.size })
  return undefined
}

function mapAt(world: World, { size, page, prot, file, offset }: Mapping, addr: number, flags: number): number {
  const pages = size / PAGE
  if (file !== '-') return k.sys_mmap_file(world.mm, addr, pages, prot, flags, world.file(file), offset / PAGE)
  if (page === PAGE) return k.sys_mmap_shared(world.mm, addr, pages, prot, flags)
  return k.sys_mmap_hugetlb(world.mm, addr, pages, prot, flags, hstateOf(page))
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

/**
 * Of base pages, in tmpfs; else of huge ones. `max` and `min`: bytes that its mount may have and has always reserved,
 * which then is its own and stays as long as the case; -1: as it is.
 */
export function createFile(world: World, name: string, page: number, max: number, min: number): Answer | undefined {
  if (page === PAGE) {
    world.files.set(name, k.shmem_get_inode())
    return undefined
  }
  const h = hstateOf(page)
  const spool = k.hugetlbfs_fill_super(h, Math.floor(max / page), Math.floor(min / page))
  if (IS_ERR(spool)) return answerOf(spool)
  if (spool !== NULL) world.mounts.push(spool)
  world.files.set(name, k.hugetlbfs_get_inode(h, spool))
  return undefined
}

export function remove(world: World, name: string): undefined {
  const inode = world.file(name)
  world.files.delete(name)
  fput(inode)
}

export function truncate(world: World, name: string, size: number): Answer | undefined {
  return size % PAGE === 0 ? answerOf(k.do_truncate(world.file(name), size / PAGE)) : errno('EINVAL')
}

/** Every page that the bytes touch. */
export function fallocate(world: World, { of, offset, length }: Range): Answer | undefined {
  const first = Math.floor(offset / PAGE)
  const end = Math.ceil((offset + length) / PAGE)
  return answerOf(k.vfs_fallocate(world.mm, world.file(of), first, end - first, false))
}

/** Every page that lies within the bytes. */
export function punch(world: World, { of, offset, length }: Range): Answer | undefined {
  const first = Math.ceil(offset / PAGE)
  const end = Math.floor((offset + length) / PAGE)
  return answerOf(k.vfs_punch_hole(world.file(of), first, Math.max(0, end - first)))
}
