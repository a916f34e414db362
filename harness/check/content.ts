// Contents of memory, compared without writing them out: fills, byte streams, and bytes as hex.

import type { Bytes } from '../engine.ts'
import { patternByte } from '../model/pattern.ts'

export type Run = Bytes | { readonly hex: string }

/** A run of bytes and where it begins. */
export interface Content {
  readonly bytes: Run
  readonly start: number
}

/** No stream repeats one byte, or another stream, so long: what agrees so far is not read further. */
const enough = 4096

/** Byte `i` of a run. */
export function byteAt(bytes: Run, i: number): number {
  if ('fill' in bytes) return bytes.fill
  if ('hex' in bytes) return Number.parseInt(bytes.hex.slice(2 * i, 2 * i + 2), 16)
  return patternByte(bytes.seed, i + (bytes.shift ?? 0))
}

/** The run without its first `skip` bytes. */
export function tailOf(bytes: Run, skip: number): Run {
  if ('fill' in bytes) return bytes
  if ('hex' in bytes) return { hex: bytes.hex.slice(2 * skip) }
  return { seed: bytes.seed, shift: (bytes.shift ?? 0) + skip }
}

/** The first offset in [from, to) where `a` and `b` differ, or undefined. */
export function differAt(a: Content, b: Content, from: number, to: number): number | undefined {
  const [left, right] = [tailOf(a.bytes, from - a.start), tailOf(b.bytes, from - b.start)]
  if (alike(left, right)) return undefined
  const hex = 'hex' in left || 'hex' in right
  const end = hex ? to : Math.min(to, from + enough)
  for (let i = 0; i < end - from; i++) if (byteAt(left, i) !== byteAt(right, i)) return from + i
  return undefined
}

/** The same by their description alone; streams count modulo 2^32. */
function alike(a: Run, b: Run): boolean {
  if ('fill' in a) return 'fill' in b && a.fill === b.fill
  return 'seed' in a && 'seed' in b && a.seed === b.seed && ((a.shift ?? 0) | 0) === ((b.shift ?? 0) | 0)
}

/** How a run begins, in a few words. */
export function contentText(bytes: Run): string {
  if ('seed' in bytes) return `seed(${bytes.seed})`
  return `0x${byteAt(bytes, 0).toString(16).padStart(2, '0')}`
}
