// The workload of the thread that 6d0a07edd17c came from: two buffers registered once, transfers of random size
// from one through a peer into the other, compared after each.

import type { Answer } from '../engine.ts'
import { byteAt, copySpan, isSpan, PAGE_SIZE as PAGE, seedPattern, writeSpan } from '../model/contents.ts'
import { k } from '../model/kernel.ts'
import { Signal } from '../model/mm/fault.ts'
import type { Mm, Page } from '../model/mm/mm_types.ts'
import { page_content, set_page_content } from '../model/mm/page-flags.ts'
import { random } from '../model/pattern.ts'
import type { Pin } from './pins.ts'
import type { World } from './world.ts'

export interface Workload {
  readonly transfers: number
  /** Bytes of a transfer, from and to. */
  readonly min: number
  readonly max: number
  readonly seed: number
}

/** Bytes between the beginnings of two transfers in the stream `seed`. */
const STREAM = 1024
/** So many wrong bytes are told. */
const TOLD = 16

/**
 * Each transfer: the process writes a piece of the stream into the first buffer, the device reads it there and
 * writes it into the second, the process reads that. Draws, in order: size, place in the first, place in the second.
 */
export function rdma(world: World, from: Pin, to: Pin, { transfers, min, max, seed }: Workload): Answer | undefined {
  const draw = random(seed)
  const stream = seedPattern(seed)
  const { mm } = world
  for (let t = 0; t < transfers; t++) {
    const size = min + (draw() % (max - min + 1))
    const source = draw() % (from.pages.length * PAGE - size + 1)
    const target = draw() % (to.pages.length * PAGE - size + 1)
    const shift = t * STREAM
    const bad = cpuWrites(mm, from, source, size, stream, shift)
    if (bad !== undefined) return { kind: 'signal', signal: bad.signal, code: bad.code }
    deviceCopies(from, source, to, target, size)
    const wrong = cpuCompares(mm, to, target, size, stream, shift)
    if (wrong === undefined) continue
    if (wrong instanceof Signal) return { kind: 'signal', signal: wrong.signal, code: wrong.code }
    world.differ = {
      transfer: t,
      offset: target + wrong.at,
      length: wrong.found.length / 2,
      sent: wrong.sent,
      found: wrong.found,
    }
    return undefined
  }
  return undefined
}

function cpuWrites(mm: Mm, pin: Pin, at: number, size: number, stream: number, shift: number): Signal | undefined {
  for (let done = 0, to = 0; done < size; done = to) {
    const from = (at + done) % PAGE
    to = Math.min(size, done + PAGE - from)
    const frame = k.user_access(mm, pin.addr + Math.floor((at + done) / PAGE), true)
    if (frame instanceof Signal) return frame
    set_page_content(frame, writeSpan(page_content(frame), from, from + to - done, stream, (shift + done - from) | 0))
  }
  return undefined
}

function deviceCopies(from: Pin, source: number, to: Pin, target: number, size: number): void {
  for (let done = 0, next = 0; done < size; done = next) {
    const [a, b] = [(source + done) % PAGE, (target + done) % PAGE]
    next = Math.min(size, done + PAGE - Math.max(a, b))
    const origin = page_content(from.pages[Math.floor((source + done) / PAGE)]!)
    const frame = to.pages[Math.floor((target + done) / PAGE)]!
    set_page_content(frame, copySpan(page_content(frame), b, origin, a, next - done))
  }
}

interface Wrong {
  readonly at: number
  readonly sent: string
  readonly found: string
}

function cpuCompares(
  mm: Mm,
  pin: Pin,
  at: number,
  size: number,
  stream: number,
  shift: number,
): Wrong | Signal | undefined {
  let wrong: Wrong | undefined
  for (let done = 0, to = 0; done < size; done = to) {
    const from = (at + done) % PAGE
    to = Math.min(size, done + PAGE - from)
    const frame = k.user_access(mm, pin.addr + Math.floor((at + done) / PAGE), false)
    if (frame instanceof Signal) return frame
    const begin = (shift + done - from) | 0
    if (isSpan(page_content(frame), from, from + to - done, stream, begin)) continue
    wrong ??= firstDifference(frame, from, from + to - done, writeSpan(0, 0, PAGE, stream, begin), done)
  }
  return wrong
}

/** Bytes may be equal although they were written otherwise; then there is no difference. */
function firstDifference(frame: Page, from: number, to: number, expected: number, done: number): Wrong | undefined {
  const content = page_content(frame)
  let i = from
  while (i < to && byteAt(content, i) === byteAt(expected, i)) i++
  if (i === to) return undefined
  let end = i + 1
  while (end < to && end - i < TOLD && byteAt(content, end) !== byteAt(expected, end)) end++
  const hex = (c: number) =>
    Array.from({ length: end - i }, (_, n) =>
      byteAt(c, i + n)
        .toString(16)
        .padStart(2, '0'),
    ).join('')
  return { at: done + i - from, sent: hex(expected), found: hex(content) }
}
