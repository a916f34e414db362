// Ranges: `A`, `A(4K..8K)`, `A(3P..)`, `A.page(3)`, `A.page(1..3)`, `A.huge(0)`, `A.lower`, `A.upper`, chained from the
// left. Frames are cut in the same way. `(a..b)` counts bytes and ends before `b`; `page(a..b)` names pages, `b`
// included.

import type { z } from 'zod'
import type { Range } from '../../engine.ts'
import { readSize } from './amount.ts'
import { context, type Named, type NamedKind, PAGE } from './scope.ts'
import { BadWord, quoted, word } from './word.ts'

type Piece = { readonly offset: number; readonly length: number }

const selector = /\(([^().]+)\.\.([^().]*)\)|\.(page|huge)\((\d{1,10})(?:\.\.(\d{1,10}))?\)|\.(lower|upper)/y

/** A piece of named virtual memory. */
export function range(about = 'A range: `A`, `A(4K..8K)`, `A.page(3)`, `A.lower`'): z.ZodType<Range, string> {
  return word(about, text => readRange(text, 'range'))
}

/** Whole base pages of named virtual memory. */
export function pages(
  about = 'A range of whole pages: `A`, `A(0..2P)`, `A.page(3)`, `A.upper`',
): z.ZodType<Range, string> {
  return word(about, text => whole(readRange(text, 'range')))
}

/** Whole words of 8 bytes, and their number from the start of the name. */
export function words(about = 'A range of whole words: `A(0..8B)`, `A.page(3)`'): z.ZodType<Range, string> {
  return word(about, text => {
    const piece = readRange(text, 'range')
    if (piece.offset % 8 === 0 && piece.length % 8 === 0) return piece
    throw new BadWord('BAD_RANGE', `${quoted(text)} is not made of whole words of 8 bytes`)
  })
}

/** Frames that the case has named. */
export function frames(
  about = 'Frames that `note` or `pin` has named, or a piece of them: `hca.page(3)`',
): z.ZodType<Range, string> {
  return word(about, text => whole(readRange(text, 'frames')))
}

/**
 * What a machine verb takes: frames that the case has named, or those that a range of `main` maps when the step runs.
 */
export function machineFrames(about: string): z.ZodType<Range, string> {
  return word(about, text => {
    const name = nameOf(text) ?? ''
    return whole(readRange(text, context().scope.areFrames(name) ? 'frames' : 'range'))
  })
}

/** Frames that are pinned, as far as a device may `read` or `write` them. */
export function pinned(access: 'read' | 'write', about: string): z.ZodType<Range, string> {
  return word(about, text => {
    const piece = readRange(text, 'frames')
    const { pinned } = context().scope.find(piece.of, 'frames')
    if (pinned === undefined)
      throw new BadWord('BAD_VALUE', `the frames "${piece.of}" are not pinned: no device reaches them`)
    if (access === 'write' && pinned === 'read') {
      throw new BadWord('BAD_VALUE', `the pin "${piece.of}" only lets a device read: it says access: read`)
    }
    return piece
  })
}

/** A file as a whole. */
export function file(about: string): z.ZodType<string, string> {
  return word(about, text => context().scope.find(text, 'file').name)
}

/** A segment of shared memory as a whole. */
export function segment(about: string): z.ZodType<string, string> {
  return word(about, text => context().scope.find(text, 'segment').name)
}

/** Bytes of a file, also beyond its end. */
export function filePiece(about: string): z.ZodType<Range, string> {
  return word(about, text => {
    const piece = readRange(text, 'file')
    if (piece.length > 0) return piece
    throw new BadWord('BAD_RANGE', `the file "${piece.of}" began empty: say which bytes, as in ${piece.of}(0..1H)`)
  })
}

/** A pin as a whole, and the process that took it, or `main` once that has exited. */
export function pin(about: string): z.ZodType<{ readonly frames: string; readonly owner: string }, string> {
  return word(about, text => {
    const { scope } = context()
    const { pinned, maker } = scope.find(text, 'frames')
    if (pinned === undefined) throw new BadWord('BAD_VALUE', `the frames "${text}" are not pinned`)
    return { frames: text, owner: scope.isAlive(maker) ? maker : 'main' }
  })
}

/** All the frames that an `isolate` has taken. */
export function isolated(about: string): z.ZodType<string, string> {
  return word(about, text => {
    if (context().scope.find(text, 'frames').isolated) return text
    throw new BadWord('BAD_VALUE', `the frames "${text}" are not isolated: nothing is to be put back`)
  })
}

/** The range that `text` says; its name must be in scope, and the piece within it, but a file may yet grow. */
export function readRange(text: string, kind: NamedKind): Range {
  const name = nameOf(text)
  if (name === undefined)
    throw new BadWord('BAD_RANGE', `${quoted(text)} is no range; write A, A(4K..8K), A.page(3) or A.lower`)
  const named = context().scope.find(name, kind)
  let piece: Piece = { offset: 0, length: named.size }
  for (let at = name.length; at < text.length; at = selector.lastIndex) {
    selector.lastIndex = at
    const found = selector.exec(text)
    if (found === null)
      throw new BadWord('BAD_RANGE', `${quoted(text)} cannot be read from ${quoted(text.slice(at))} on`)
    piece = cut(piece, found, text, named)
  }
  return { of: name, ...piece, text }
}

/** Bytes in a huge page of the memory that an argument names, if it does. */
export function hugeOf(given: unknown, key: string): number | undefined {
  const text = typeof given === 'object' && given !== null ? (given as Record<string, unknown>)[key] : undefined
  const name = typeof text === 'string' ? nameOf(text) : undefined
  return name === undefined ? undefined : context().scope.named(name)?.huge
}

function nameOf(text: string): string | undefined {
  return /^[A-Za-z][\w-]*/.exec(text)?.[0]
}

/** How far `piece` lies behind the start of the first name for this memory. */
export function originOf(piece: Range): number {
  const { scope } = context()
  return scope.base(piece.of) + piece.offset
}

function cut(from: Piece, found: RegExpExecArray, text: string, named: Named): Piece {
  const [, start, end, unit, first, last, half] = found
  if (half !== undefined) {
    if (from.length % 2 !== 0) throw new BadWord('BAD_RANGE', `${quoted(text)} halves an odd number of bytes`)
    return { offset: from.offset + (half === 'upper' ? from.length / 2 : 0), length: from.length / 2 }
  }
  const { huge } = named
  const size = unit === 'huge' ? huge : PAGE
  const a = unit === undefined ? readSize(start!, huge) : Number(first) * size
  const b = unit === undefined ? (end === '' ? from.length : readSize(end!, huge)) : (Number(last ?? first) + 1) * size
  const isFile = named.kind === 'file'
  if (a >= b && (isFile || a < from.length))
    throw new BadWord('BAD_RANGE', `${quoted(text)} is empty: it ends where it begins, or before`)
  if (!isFile && (a >= b || b > from.length)) {
    throw new BadWord('OUT_OF_RANGE', `${quoted(text)} reaches beyond "${named.name}", which has ${sizeText(named)}`)
  }
  return { offset: from.offset + a, length: b - a }
}

function whole(piece: Range): Range {
  if (piece.offset % PAGE === 0 && piece.length % PAGE === 0) return piece
  throw new BadWord('BAD_RANGE', `${quoted(piece.text)} is not made of whole base pages`)
}

function sizeText({ size, huge }: Named): string {
  if (size % huge === 0) return `${size / huge}H`
  return size % PAGE === 0 ? `${size / PAGE}P` : `${size}B`
}
