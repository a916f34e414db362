// The states that were visited: an open-addressed set of hashes, with what each state has come to.

import { mix } from './hash.ts'

/** What a search knows of states. */
export interface States {
  /** Those with a choice. */
  readonly choices: number
  /** Of memory. */
  readonly bytes: number
  /** Adds a state; false if the search has been there. `choice`: it is counted. */
  add(h1: number, h2: number, choice: boolean): boolean
  /** In how many ways it goes on from a state to an end; 0 while that is not known. */
  ways(h1: number, h2: number): number
  setWays(h1: number, h2: number, ways: number): void
}

export class Visited implements States {
  size = 0
  choices = 0
  #slots = 1 << 14
  #keys = new Int32Array(2 * this.#slots)
  #ways = new Float64Array(this.#slots)
  /** Where the last state that was asked for stands, until another is added. */
  #at = 0

  add(h1: number, h2: number, choice: boolean): boolean {
    if (this.#find(h1, h2 | 1)) return false
    this.#keys[2 * this.#at] = h1
    this.#keys[2 * this.#at + 1] = h2 | 1
    this.size++
    if (choice) this.choices++
    if (this.size * 2 > this.#slots) this.#grow()
    return true
  }

  ways(h1: number, h2: number): number {
    return this.#find(h1, h2 | 1) ? this.#ways[this.#at]! : 0
  }

  setWays(h1: number, h2: number, ways: number): void {
    if (this.#find(h1, h2 | 1)) this.#ways[this.#at] = ways
  }

  get bytes(): number {
    return 16 * this.#slots
  }

  #find(h1: number, h2: number): boolean {
    const mask = this.#slots - 1
    const keys = this.#keys
    let i = mix(h1 ^ Math.imul(h2, 0x9e3779b1)) & mask
    // A second word of 0 is an empty place: h2 has its lowest bit set.
    while (keys[2 * i + 1] !== 0) {
      if (keys[2 * i] === h1 && keys[2 * i + 1] === h2) {
        this.#at = i
        return true
      }
      i = (i + 1) & mask
    }
    this.#at = i
    return false
  }

  #grow(): void {
    const [keys, ways] = [this.#keys, this.#ways]
    this.#slots *= 2
    this.#keys = new Int32Array(2 * this.#slots)
    this.#ways = new Float64Array(this.#slots)
    for (let i = 0; i < ways.length; i++) {
      if (keys[2 * i + 1] === 0) continue
      this.#find(keys[2 * i]!, keys[2 * i + 1]!)
      this.#keys[2 * this.#at] = keys[2 * i]!
      this.#keys[2 * this.#at + 1] = keys[2 * i + 1]!
      this.#ways[this.#at] = ways[i]!
    }
  }
}
