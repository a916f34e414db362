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
const END_BITS = 13
const END_MASK = (1 << END_BITS) - 1

/** Four cells a content: pattern and end, shift, rest, hash. One array, so that a content is one line of cache. */
const node = { end: 0, shift: 1, rest: 2, hash: 3, SIZE: 4 } as const
let capacity = 1 << 16
let nodes = new Int32Array(node.SIZE * capacity)
/** Open addressing, at most half full. */
let slots = new Int32Array(2 * capacity)
let used = FIRST
let seeds: number[] = []
let patterns = new Map<number, number>()
for (let byte = 0; byte < FIRST; byte++) {
  nodes[byte * node.SIZE] = PAGE_SIZE | (byte << END_BITS)
  nodes[byte * node.SIZE + node.rest] = NONE
}

const endOf = (c: number): number => nodes[c * node.SIZE]! & END_MASK
const patternOf = (c: number): number => nodes[c * node.SIZE]! >>> END_BITS
const shiftOf = (c: number): number => nodes[c * node.SIZE + node.shift]!
const restOf = (c: number): number => nodes[c * node.SIZE + node.rest]!

/** Forget all contents but the 256 uniform ones. */
export function resetContents(): void {
  if (used > FIRST) slots.fill(0)
  used = FIRST
  seeds = []
  patterns = new Map()
}

/** The pattern number of a seed. */
export function seedPattern(seed: number): number {
  let n = patterns.get(seed)
  if (n === undefined) {
    n = FIRST + seeds.length
    seeds.push(seed)
    patterns.set(seed, n)
  }
  return n
}

/** The seed behind a pattern number of 256 or more. */
export function patternSeed(n: number): number {
  const seed = seeds[n - FIRST]
  if (seed === undefined) throw new ModelBug(`no seed has the pattern number ${n}`)
  return seed
}

function hashOf(word: number, s: number, r: number): number {
  let x = Math.imul(word, 0x9e3779b1) ^ Math.imul(s, 0xc2b2ae3d) ^ Math.imul(r, 0x27d4eb2f)
  x = Math.imul(x ^ (x >>> 15), 0x85ebca6b)
  return x ^ (x >>> 13)
}

function grow(): void {
  capacity *= 4
  const larger = new Int32Array(node.SIZE * capacity)
  larger.set(nodes)
  nodes = larger
  slots = new Int32Array(2 * capacity)
  for (let c = FIRST; c < used; c++) slots[freeSlot(nodes[c * node.SIZE + node.hash]!)] = c
}

function freeSlot(hash: number): number {
  const mask = 2 * capacity - 1
  let i = hash & mask
  while (slots[i] !== 0) i = (i + 1) & mask
  return i
}

/** The content whose first span ends at `e` and goes on as `r`; where that span begins is left to whoever holds it. */
function cons(e: number, p: number, s: number, r: number): number {
  if (p < FIRST && e === PAGE_SIZE) return p
  const word = e | (p << END_BITS)
  const hash = hashOf(word, s, r)
  const mask = 2 * capacity - 1
  let i = hash & mask
  for (let c = slots[i]!; c !== 0; c = slots[i]!) {
    const at = c * node.SIZE
    if (
      nodes[at + node.hash] === hash &&
      nodes[at] === word &&
      nodes[at + node.shift] === s &&
      nodes[at + node.rest] === r
    )
      return c
    i = (i + 1) & mask
  }
  if (used === capacity) {
    grow()
    i = freeSlot(hash)
  }
  const c = used++
  const at = c * node.SIZE
  nodes[at] = word
  nodes[at + node.shift] = s
  nodes[at + node.rest] = r
  nodes[at + node.hash] = hash
  slots[i] = c
  return c
}

/** Content `c` with bytes `from` to `to` replaced by pattern `p` at shift `s` (0 for a byte). */
export function writeSpan(c: number, from: number, to: number, p: number, s: number): number {
  if (from === to) return c
  let after = c
  while (after !== NONE && endOf(after) <= to) after = restOf(after)
  const grown = after !== NONE && patternOf(after) === p && shiftOf(after) === s
  return keepLeft(c, 0, from, grown ? after : cons(to, p, s, after))
}

/** The spans of `c` before `from`, then `tail`. */
function keepLeft(c: number, start: number, from: number, tail: number): number {
  if (start >= from) return tail
  const right = keepLeft(restOf(c), endOf(c), from, tail)
  const joins = endOf(c) >= from && patternOf(right) === patternOf(c) && shiftOf(right) === shiftOf(c)
  return joins ? right : cons(Math.min(endOf(c), from), patternOf(c), shiftOf(c), right)
}

/** `to` with `length` bytes at `at` taken from content `from` at `origin`. */
export function copySpan(to: number, at: number, from: number, origin: number, length: number): number {
  let result = to
  let start = 0
  for (let c = from; c !== NONE && start < origin + length; start = endOf(c), c = restOf(c)) {
    const a = Math.max(start, origin)
    const b = Math.min(endOf(c), origin + length)
    if (a >= b) continue
    const moved = at - origin
    result = writeSpan(result, a + moved, b + moved, patternOf(c), patternOf(c) < FIRST ? 0 : (shiftOf(c) - moved) | 0)
  }
  return result
}

/** Whether a content is one byte all over: that byte. */
export const isUniform = (c: number): boolean => c < FIRST

/** The spans of content `c` between two bytes of the page. */
export function spansOf(c: number, from: number, to: number): Span[] {
  const spans: Span[] = []
  let start = 0
  for (let n = c; n !== NONE && start < to; start = endOf(n), n = restOf(n)) {
    const a = Math.max(start, from)
    const b = Math.min(endOf(n), to)
    if (a < b) spans.push({ from: a, to: b, pattern: patternOf(n), shift: shiftOf(n) })
  }
  return spans
}

/** Whether bytes `from` to `to` were written as this pattern at this shift, and in one go. */
export function isSpan(c: number, from: number, to: number, p: number, s: number): boolean {
  let n = c
  while (endOf(n) <= from) n = restOf(n)
  return endOf(n) >= to && patternOf(n) === p && shiftOf(n) === s
}

/** Byte `i` of content `c`. */
export function byteAt(c: number, i: number): number {
  let n = c
  while (endOf(n) <= i) n = restOf(n)
  return patternOf(n) < FIRST ? patternOf(n) : patternByte(patternSeed(patternOf(n)), (shiftOf(n) + i) | 0)
}
