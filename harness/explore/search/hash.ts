// Two independent 32-bit mixes: a state is told from another by both. At a million states the chance that any two
// are taken for one is below 1e-7 (birthday bound over 2^64).

export function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d)
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b)
  return x ^ (x >>> 16)
}

export function mix2(x: number): number {
  x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d)
  x = Math.imul(x ^ (x >>> 12), 0x297a2d39)
  return x ^ (x >>> 15)
}

/** An Int32Array of at least `length`, with the same contents. */
export function grown(array: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(length)
  longer.set(array)
  return longer
}

/** Two words for a text: wherever it is hashed, the same. */
export function hashOf(text: string): [number, number] {
  let [h1, h2] = [text.length, ~text.length]
  for (let i = 0; i < text.length; i++) {
    h1 = mix(Math.imul(h1, 31) + text.charCodeAt(i))
    h2 = mix2(Math.imul(h2, 37) + text.charCodeAt(i))
  }
  return [h1, h2]
}
