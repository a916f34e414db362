// What stands in the frames. A page's content is one integer: pages with equal bytes written the same way have
// the same one, so contents copy, hash and compare as numbers do.
//
// 0..255 is a page full of that byte. Any other content is a chain of spans (end, pattern, shift, rest), made
// once for each distinct chain (hash consing). A pattern below 256 is a byte; above, it is a seed of
// pattern.ts, and byte `i` of the page is patternByte(seed, shift + i).

import { ModelBug } from './bug.ts'
import { patternByte } from './pattern.ts'

/** Bytes in a base page. */
export const PAGE_SIZE = 4096

/** A stretch of equal bytes, or of one seed's stream, within a page. */
export interface Span {
  readonly from: number
  readonly to: number
  readonly pattern: number
  readonly shift: number
}

const FIRST = 256
/** Behind the last span of a page. */
const NONE = -1
let capacity = 1 << 10
let end = new Int32Array(capacity)
let pattern = new Int32Array(capacity)
let shift = new Int32Array(capacity)
let rest = new Int32Array(capacity)
let chain = new Int32Array(capacity)
let buckets = new Int32Array(capacity)
let used = FIRST
let seeds: number[] = []
let slots = new Map<number, number>()
for (let byte = 0; byte < FIRST; byte++) {
  end[byte] = PAGE_SIZE
  pattern[byte] = byte
  rest[byte] = NONE
}

/** Forget all contents but the 256 uniform ones. */
export function resetContents(): void {
  buckets.fill(0)
  used = FIRST
  seeds = []
  slots = new Map()
}

/** The pattern number of a seed. */
export function seedPattern(seed: number): number {
  let slot = slots.get(seed)
  if (slot === undefined) {
    slot = seeds.length
    seeds.push(seed)
    slots.set(seed, slot)
  }
  return FIRST + slot
}

/** The seed behind a pattern number of 256 or more. */
export function patternSeed(n: number): number {
  const seed = seeds[n - FIRST]
  if (seed === undefined) throw new ModelBug(`no seed has the pattern number ${n}`)
  return seed
}

function bucket(e: number, p: number, s: number, r: number): number {
  let x = Math.imul(e, 0x9e3779b1) ^ Math.imul(p + 1, 0x85ebca77) ^ Math.imul(s, 0xc2b2ae3d) ^ Math.imul(r, 0x27d4eb2f)
  x ^= x >>> 15
  return x & (capacity - 1)
}

function grow(): void {
  capacity *= 2
  const larger = (a: Int32Array) => {
    const b = new Int32Array(capacity)
    b.set(a)
    return b
  }
  end = larger(end)
  pattern = larger(pattern)
  shift = larger(shift)
  rest = larger(rest)
  chain = new Int32Array(capacity)
  buckets = new Int32Array(capacity)
  for (let c = FIRST; c < used; c++) {
    const b = bucket(end[c]!, pattern[c]!, shift[c]!, rest[c]!)
    chain[c] = buckets[b]!
    buckets[b] = c
  }
}

/** The content whose first span ends at `e` and goes on as `r`; where that span begins is left to whoever holds it. */
function cons(e: number, p: number, s: number, r: number): number {
  if (p < FIRST && e === PAGE_SIZE) return p
  const b = bucket(e, p, s, r)
  for (let c = buckets[b]!; c !== 0; c = chain[c]!) {
    if (end[c] === e && pattern[c] === p && shift[c] === s && rest[c] === r) return c
  }
  if (used === capacity) {
    grow()
    return cons(e, p, s, r)
  }
  const c = used++
  end[c] = e
  pattern[c] = p
  shift[c] = s
  rest[c] = r
  const at = bucket(e, p, s, r)
  chain[c] = buckets[at]!
  buckets[at] = c
  return c
}

/** Content `c` with bytes `from` to `to` replaced by pattern `p` at shift `s` (0 for a byte). */
export function writeSpan(c: number, from: number, to: number, p: number, s: number): number {
  if (from === to) return c
  let after = c
  while (after !== NONE && end[after]! <= to) after = rest[after]!
  const grown = after !== NONE && pattern[after] === p && shift[after] === s
  return keepLeft(c, 0, from, grown ? after : cons(to, p, s, after))
}

/** The spans of `c` before `from`, then `tail`. */
function keepLeft(c: number, start: number, from: number, tail: number): number {
  if (start >= from) return tail
  const right = keepLeft(rest[c]!, end[c]!, from, tail)
  const joins = end[c]! >= from && pattern[right] === pattern[c] && shift[right] === shift[c]
  return joins ? right : cons(Math.min(end[c]!, from), pattern[c]!, shift[c]!, right)
}

/** `to` with `length` bytes at `at` taken from content `from` at `origin`. */
export function copySpan(to: number, at: number, from: number, origin: number, length: number): number {
  let result = to
  let start = 0
  for (let c = from; c !== NONE && start < origin + length; start = end[c]!, c = rest[c]!) {
    const a = Math.max(start, origin)
    const b = Math.min(end[c]!, origin + length)
    if (a >= b) continue
    const moved = at - origin
    result = writeSpan(result, a + moved, b + moved, pattern[c]!, pattern[c]! < FIRST ? 0 : (shift[c]! - moved) | 0)
  }
  return result
}

/** The spans of content `c` between two bytes of the page. */
export function spansOf(c: number, from: number, to: number): Span[] {
  const spans: Span[] = []
  let start = 0
  for (let n = c; n !== NONE && start < to; start = end[n]!, n = rest[n]!) {
    const a = Math.max(start, from)
    const b = Math.min(end[n]!, to)
    if (a < b) spans.push({ from: a, to: b, pattern: pattern[n]!, shift: shift[n]! })
  }
  return spans
}

/** Byte `i` of content `c`. */
export function byteAt(c: number, i: number): number {
  let n = c
  while (end[n]! <= i) n = rest[n]!
  return pattern[n]! < FIRST ? pattern[n]! : patternByte(patternSeed(pattern[n]!), (shift[n]! + i) | 0)
}
