// The byte streams that cases, the model and the program inside a real kernel share: seed(7) is the same bytes in
// all three. Exact in 32-bit integers, so that C computes the same (harness/kernel/probe).

/** Byte `i` of the stream `seed`: x = seed * 0x9e3779b1 + i through the finaliser of MurmurHash3, its top byte. */
export function patternByte(seed: number, i: number): number {
  let x = (Math.imul(seed, 0x9e3779b1) + i) | 0
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return (x ^ (x >>> 16)) >>> 24
}

/** Numbers below 2^32, the same from the same seed: splitmix32. */
export function random(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x9e3779b9) | 0
    let x = state
    x = Math.imul(x ^ (x >>> 16), 0x21f0aaad)
    x = Math.imul(x ^ (x >>> 15), 0x735a2d97)
    return (x ^ (x >>> 15)) >>> 0
  }
}
