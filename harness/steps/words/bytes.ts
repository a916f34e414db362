// Contents of memory as cases write them: `0x5a`, `90`, `zero`, `seed(7)`; a list means either.
//
// `seed(7)` counts from where memory got its first name: after `mmap: {as: A, fill: seed(7)}` every piece of A, and
// every pin of a piece, reads as `seed(7)`. The stream itself is harness/model/pattern.ts.

import { z } from 'zod'
import type { Bytes, Range } from '../../engine.ts'
import { originOf } from './range.ts'
import { BadWord, pairs, quoted, word } from './word.ts'

export { patternByte, random } from '../../model/pattern.ts'

/** What a case says stands in memory, before it is known where. */
export type Said = { readonly fill: number } | { readonly seed: number }

const about = 'Bytes: `0x5a` or 0 to 255 everywhere, `zero`, or the stream `seed(7)`'

/** Bytes that a step writes. */
export function bytes(): z.ZodType<Said, string> {
  return word(about, readBytes)
}

/** Bytes that a step accepts: one, or a list of which any will do. */
export function accepted(): z.ZodType<readonly Said[]> {
  const either = z.union([bytes(), z.array(bytes()).min(1, 'no bytes are named here')])
  return either.transform(said => (Array.isArray(said) ? said : [said])).describe(`${about}; a list means either`)
}

/** Ranges or frames with the bytes to write there. */
export function written(
  where: z.ZodType<Range, string>,
  what: string,
): z.ZodType<readonly { readonly range: Range; readonly bytes: Bytes }[]> {
  return pairs(where, bytes(), what).transform(all =>
    all.map(([range, said]) => ({ range, bytes: placed(said, range) })),
  )
}

/** Ranges or frames with the bytes that may be found there. */
export function found(
  where: z.ZodType<Range, string>,
  what: string,
): z.ZodType<readonly { readonly range: Range; readonly bytes: readonly Bytes[] }[]> {
  return pairs(where, accepted(), what).transform(all =>
    all.map(([range, said]) => ({ range, bytes: said.map(one => placed(one, range)) })),
  )
}

/** What `said` is at `range`. */
function placed(said: Said, range: Range): Bytes {
  return 'fill' in said ? said : { seed: said.seed, shift: originOf(range) }
}

/**
 * Bytes as an operand of the program inside a real kernel: `b90` one byte, `s7+4096` a seed and where in its stream.
 */
export function bytesOperand(what: Bytes): string {
  return 'fill' in what ? `b${what.fill}` : `s${what.seed}+${what.shift ?? 0}`
}

function readBytes(text: string): Said {
  if (text === 'zero') return { fill: 0 }
  const seed = /^seed\((\d{1,10})\)$/.exec(text)?.[1]
  if (seed !== undefined && Number(seed) < 2 ** 32) return { seed: Number(seed) }
  const fill = /^(0x[0-9a-fA-F]{1,2}|\d{1,3})$/.test(text) ? Number(text) : Number.NaN
  if (fill <= 255) return { fill }
  throw new BadWord('BAD_BYTES', `${quoted(text)} is no byte; write 0x5a, 0 to 255, zero or seed(7)`)
}
