// The workload of the thread that 6d0a07edd17c came from: two buffers registered once, transfers of random size
// from one through a peer into the other, compared after each.

import type { Answer } from '../engine.ts'
import { byteAt, copySpan, seedPattern, spansOf, writeSpan } from '../model/contents.ts'
import { k } from '../model/kernel.ts'
import { Signal } from '../model/mm/fault.ts'
import type { Page } from '../model/mm/mm_types.ts'
import { page_content, set_page_content } from '../model/mm/page-flags.ts'
import { random } from '../model/pattern.ts'
import type { Pin } from './pins.ts'
import { PAGE, type World } from './world.ts'

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
  for (let t = 0; t < transfers; t++) {
    const size = min + (draw() % (max - min + 1))
    const source = draw() % (from.pages.length * PAGE - size + 1)
    const target = draw() % (to.pages.length * PAGE - size + 1)
    const bad = cpuWrite(world, from, source, size, stream, t * STREAM) ?? deviceCopies(from, source, to, target, size)
    if (bad !== undefined) return bad
    const wrong = cpuCompares(world, to, target, size, stream, t * STREAM)
    if (wrong instanceof Signal) return { kind: 'signal', signal: wrong.signal, code: wrong.code }
    if (wrong === undefined) continue
    world.differ = { transfer: t, offset: target + wrong.at, length: wrong.found.length / 2, sent: wrong.sent, found: wrong.found }
    return undefined
  }
  return undefined
}

/** Calls `visit` for the pages of a stretch of `size` bytes that begins at byte `at`. */
function eachPage(at: number, size: number, visit: (page: number, from: number, to: number, done: number) => Signal | undefined): Signal | undefined {
  for (let done = 0; done < size; ) {
    const from = (at + done) % PAGE
    const to = Math.min(PAGE, from + size - done)
    const signal = visit(Math.floor((at + done) / PAGE), from, to, done)
    if (signal !== undefined) return signal
    done += to - from
  }
  return undefined
}

function cpuWrite({ mm }: World, pin: Pin, at: number, size: number, stream: number, shift: number): Answer | undefined {
  const signal = eachPage(at, size, (page, from, to, done) => {
    const frame = k.user_access(mm, pin.addr + page, true)
    if (frame instanceof Signal) return frame
    set_page_content(frame, writeSpan(page_content(frame), from, to, stream, (shift + done - from) | 0))
    return undefined
  })
  return signal && { kind: 'signal', signal: signal.signal, code: signal.code }
}

function deviceCopies(from: Pin, source: number, to: Pin, target: number, size: number): undefined {
  eachPage(source, size, (page, a, b, done) => {
    eachPage(target + done, b - a, (into, c, d, moved) => {
      const frame = to.pages[into]!
      set_page_content(frame, copySpan(page_content(frame), c, page_content(from.pages[page]!), a + moved, d - c))
      return undefined
    })
    return undefined
  })
}

interface Wrong {
  readonly at: number
  readonly sent: string
  readonly found: string
}

function cpuCompares({ mm }: World, pin: Pin, at: number, size: number, stream: number, shift: number): Wrong | Signal | undefined {
  let wrong: Wrong | undefined
  const expected = writeSpan(0, 0, PAGE, stream, 0)
  const signal = eachPage(at, size, (page, from, to, done) => {
    const frame = k.user_access(mm, pin.addr + page, false)
    if (frame instanceof Signal) return frame
    if (wrong === undefined && !isStream(page_content(frame), from, to, stream, (shift + done - from) | 0)) {
      wrong = firstDifference(frame, from, to, writeSpan(expected, from, to, stream, (shift + done - from) | 0), done)
    }
    return undefined
  })
  return signal ?? wrong
}

function isStream(content: number, from: number, to: number, stream: number, shift: number): boolean {
  const [span, more] = spansOf(content, from, to)
  return more === undefined && span?.pattern === stream && span.shift === shift
}

/** Bytes may be equal although they were written otherwise; then there is no difference. */
function firstDifference(frame: Page, from: number, to: number, expected: number, done: number): Wrong | undefined {
  const content = page_content(frame)
  let i = from
  while (i < to && byteAt(content, i) === byteAt(expected, i)) i++
  if (i === to) return undefined
  let end = i + 1
  while (end < to && end - i < TOLD && byteAt(content, end) !== byteAt(expected, end)) end++
  const hex = (c: number) => Array.from({ length: end - i }, (_, n) => byteAt(c, i + n).toString(16).padStart(2, '0')).join('')
  return { at: done + i - from, sent: hex(expected), found: hex(content) }
}
