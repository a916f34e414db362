// Bytes that are moved past the page table of their process: by a device, or by a debugger. What they stand in is held
// meanwhile.

import type { Answer, Range } from '../engine.ts'
import { PAGE_SIZE as PAGE, seedPattern, writeSpan } from '../model/contents.ts'
import { k } from '../model/kernel.ts'
import { access_process_vm } from '../model/mm/access_process_vm.ts'
import { errorName } from '../model/mm/errno.ts'
import { put_user_pages } from '../model/mm/gup.ts'
import type { Page } from '../model/mm/mm_types.ts'
import { page_content, set_page_content } from '../model/mm/page-flags.ts'
import { beginAccess, endAccess } from '../model/ops.ts'
import type { Visit, World } from './world.ts'

/** `b90` or `s7+4096` as a pattern of contents.ts and its shift at the start. */
export function pattern(word: string | number | undefined): { readonly pattern: number; readonly shift: number } {
  const [value, shift = '0'] = String(word).slice(1).split('+')
  return String(word).startsWith('b')
    ? { pattern: Number(value), shift: 0 }
    : { pattern: seedPattern(Number(value)), shift: Number(shift) }
}

/** Bytes into a frame, `offset` bytes after where the pattern starts. */
export function store(
  frame: Page,
  from: number,
  to: number,
  offset: number,
  what: { readonly pattern: number; readonly shift: number },
): void {
  const shift = what.pattern < 256 ? 0 : (what.shift + offset - from) | 0
  set_page_content(frame, writeSpan(page_content(frame), from, to, what.pattern, shift))
}

/** Calls `visit` for the frames of named frames that a piece covers, with the bytes of each. */
export function through(frames: readonly Page[], { offset, length }: Range, visit: Visit): void {
  const end = offset + length
  let from = offset % PAGE
  for (let page = (offset - from) / PAGE, at = offset; at < end; page++) {
    const to = Math.min(PAGE, from + end - at)
    beginAccess()
    visit(frames[page]!, from, to, at - offset)
    endAccess()
    at += to - from
    from = 0
  }
}

const SECTOR = 512

/** fs/direct-io.c: a device moves whole sectors, and the pages are held while it is at them. */
export function direct(world: World, range: Range, write: boolean, visit: Visit): Answer | undefined {
  const { of, offset, length } = range
  if (offset % SECTOR !== 0 || length % SECTOR !== 0) return { kind: 'errno', errno: 'EINVAL' }
  const first = Math.floor(offset / PAGE)
  const pages = Math.ceil((offset + length) / PAGE) - first
  const got = k.get_user_pages(world.mm, world.range(of).addr + first, pages, write)
  if (got.error === 0) through(got.pages, { ...range, offset: offset % PAGE }, visit)
  put_user_pages(got.pages, write)
  return got.error === 0 ? undefined : { kind: 'errno', errno: errorName(got.error) }
}

/** PTRACE_POKEDATA, page by page. */
export function poke(world: World, { of, offset, length }: Range, visit: Visit): Answer | undefined {
  const { addr } = world.range(of)
  const end = offset + length
  for (let at = offset; at < end; ) {
    const from = at % PAGE
    const to = Math.min(PAGE, from + end - at)
    const done = at - offset
    const error = access_process_vm(world.mm, addr + Math.floor(at / PAGE), page => visit(page, from, to, done))
    if (error !== 0) return { kind: 'errno', errno: errorName(error) }
    at += to - from
  }
  return undefined
}
