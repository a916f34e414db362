// A schedule step by step, for people: what each op did, and the pages and counters after it.

import type { Counters, OpTaken } from '../engine.ts'
import { changeText } from './words.ts'

/** Columns of an op. */
const opWidth = 56
/** Functions that are named, the innermost. */
const depth = 3

/** Takes the steps one after another. */
export class Trace {
  #number = 0
  #first: Counters | undefined
  #before = ''

  /** The lines of one step; how things stand is said where it has changed. */
  lines({ thread, op, within, pages, counters }: OpTaken): string[] {
    this.#first ??= counters
    const changed = changes(this.#first, counters)
    const width = Math.max(0, ...pages.map(run => run.pages.length))
    const now = pages.map(run => `       ${run.pages.padEnd(width)}  ${run.state}`)
    if (changed !== '') now.push(`       ${changed}`)
    const isNews = now.join('\n') !== this.#before
    this.#before = now.join('\n')
    if (thread === '') return now
    this.#number++
    const took =
      `${String(this.#number).padStart(4)} ${thread}: ${op.padEnd(opWidth)}  ${within.slice(0, depth).join(' < ')}`.trimEnd()
    return isNews ? [took, ...now] : [took]
  }
}

/** What has changed since the race began. */
function changes(first: Counters, now: Counters): string {
  return Object.entries(now)
    .map(([name, value]) => [name, value - (first[name] ?? 0)] as const)
    .filter(([, change]) => change !== 0)
    .map(([name, change]) => changeText(name, change))
    .join(', ')
}
