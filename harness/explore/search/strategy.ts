// What every way of exploring has in common: it takes a machine of racing threads through executions and tells of
// each end that it comes to.

import type { Machine } from './machine.ts'

/** What bounds a search; undefined: nothing does. */
export interface Bounds {
  /** Seconds. */
  readonly time?: number | undefined
  readonly interleavings?: number | undefined
  /** Steps of threads, those that are taken again included. */
  readonly steps?: number | undefined
  /** MiB of states. */
  readonly memory?: number | undefined
  readonly signal?: { readonly aborted: boolean } | undefined
  /** Called at every state that the search has not met before. */
  readonly atState?: (() => void) | undefined
}

/** How far a search came. */
export interface Extent {
  /** Different interleavings that were covered; of a state reached before, those of its first visit. */
  readonly interleavings: number
  readonly states: number
  readonly transitions: number
  /** The bound that ended it; undefined: it is complete. */
  readonly bound: string | undefined
}

/** Told at the end of an execution, with the machine as it then is: all done, nobody can go on, or a kernel bug. */
export type AtEnd = (machine: Machine) => void

export interface Strategy {
  /** Yields now and then, so that who drives it can look for signals. */
  explore(machine: Machine, atEnd: AtEnd, bounds: Bounds): Generator<void, Extent>
}

/** Drives work to its end at once. */
export function drain<T>(work: Generator<void, T>): T {
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
  }
}

/** Looks at the clock and the signal now and then. */
export class Watchdog {
  readonly #bounds: Bounds
  readonly #start = performance.now()
  #ticks = 0

  constructor(bounds: Bounds) {
    this.#bounds = bounds
  }

  /** The bound that is reached, if any. Asked at every state: `bytes` of memory, `interleavings` and `steps` so far. */
  reached(bytes: number, interleavings: number, steps: number): string | undefined {
    const { time, memory, signal } = this.#bounds
    if (this.#bounds.steps !== undefined && steps >= this.#bounds.steps) return `${this.#bounds.steps} steps`
    if (this.#bounds.interleavings !== undefined && interleavings >= this.#bounds.interleavings)
      return `${this.#bounds.interleavings} interleavings`
    if ((++this.#ticks & 0x3ff) !== 0) return undefined
    if (signal?.aborted) return 'interrupted'
    if (time !== undefined && performance.now() - this.#start > time * 1000) return `${time} s`
    if (memory !== undefined && bytes > memory * 2 ** 20) return `${memory} MiB`
    return undefined
  }
}
