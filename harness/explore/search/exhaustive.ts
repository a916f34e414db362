// Every interleaving, once: a depth-first search that goes no further where it meets a state again, and takes steps
// that nobody else can notice together with the step before. With a bound on preemptions, every interleaving in which
// no more often a thread is stopped that could have gone on (Musuvathi and Qadeer, "Iterative context bounding", 2007).

import { mix } from './hash.ts'
import type { Machine } from './machine.ts'
import { type AtEnd, type Bounds, type Extent, type Strategy, Watchdog } from './strategy.ts'
import { Visited } from './visited.ts'

export interface Exhaustive {
  /** False: states are not matched, and every interleaving of single steps is walked, as many as combinatorics says. */
  readonly reduce: boolean
  /** Whether steps that nobody can notice are taken at once. */
  readonly coalesce: boolean
  /** The most preemptions; undefined: as many as there are. */
  readonly preemptions?: number | undefined
}

export function exhaustive(options: Exhaustive): Strategy {
  return {
    *explore(machine, atEnd, bounds) {
      const search = new Search(machine, atEnd, bounds, options)
      if (options.coalesce) search.probe()
      for (;;) {
        machine.sharing.changed = false
        const extent = yield* search.run()
        // A pass that learned of sharing took steps together that it should not have.
        if (extent.bound === undefined && options.coalesce && machine.sharing.changed) continue
        const { preemptions } = options
        return preemptions === undefined || extent.bound !== undefined
          ? extent
          : { ...extent, bound: `${preemptions} preemptions` }
      }
    },
  }
}

/** A state on the way: where it stands among the machine's steps, whose turn is next, what came of it. */
interface Frame {
  readonly depth: number
  readonly h1: number
  readonly h2: number
  /** Who came here, and how many preemptions are left. */
  readonly last: number
  readonly left: number
  next: number
  moved: boolean
  ways: number
}

class Search {
  readonly #machine: Machine
  readonly #atEnd: AtEnd
  readonly #watchdog: Watchdog
  readonly #atState: (() => void) | undefined
  readonly #options: Exhaustive
  #visited = new Visited()
  #stack: Frame[] = []
  /** Interleavings covered so far. */
  #covered = 0

  constructor(machine: Machine, atEnd: AtEnd, bounds: Bounds, options: Exhaustive) {
    this.#machine = machine
    this.#atEnd = atEnd
    this.#watchdog = new Watchdog(bounds)
    this.#atState = bounds.atState
    this.#options = options
  }

  /** One execution for each thread, which goes first: most of what is shared is learned here. */
  probe(): void {
    const m = this.#machine
    for (let first = 0; first < m.threads; first++) {
      for (let t = first, idle = 0; idle < m.threads && m.bug === undefined; ) {
        if (m.canStep(t)) {
          m.step(t)
          idle = 0
        } else {
          t = (t + 1) % m.threads
          idle++
        }
      }
      m.back(0)
    }
  }

  *run(): Generator<void, Extent> {
    const m = this.#machine
    this.#visited = new Visited()
    this.#stack = []
    this.#covered = 0
    let transitions = 0
    let bound: string | undefined
    let ways = this.#enter(-1, this.#options.preemptions ?? 0)
    while (this.#stack.length > 0 && bound === undefined) {
      const frame = this.#stack[this.#stack.length - 1]!
      const t = frame.next++
      if (t < m.threads) {
        if (!m.canStep(t)) continue
        frame.moved = true
        const left = frame.left - this.#cost(frame.last, t)
        if (left < 0) continue
        m.step(t)
        transitions++
        ways = this.#enter(t, left)
        if (ways >= 0) {
          frame.ways += ways
          m.back(frame.depth)
        }
        if ((transitions & 0xfff) === 0) yield
        bound = this.#watchdog.reached(this.#visited.bytes, this.#covered)
      } else {
        ways = this.#leave(frame)
      }
    }
    m.back(0)
    const states = this.#options.reduce ? this.#visited.size : transitions + 1
    return { interleavings: bound === undefined ? ways : this.#covered, states, transitions, bound }
  }

  /** Preemptions that it takes to let `t` go on after `last`. */
  #cost(last: number, t: number): number {
    return this.#options.preemptions !== undefined && last >= 0 && last !== t && this.#machine.canStep(last) ? 1 : 0
  }

  /** Comes into a state: -1 and a frame for it, or in how many ways it goes on if that is known. */
  #enter(last: number, left: number): number {
    const m = this.#machine
    this.#glue()
    if (m.bug !== undefined) return this.#end()
    const bounded = this.#options.preemptions !== undefined
    const h1 = bounded ? (m.h1 ^ mix(last * 64 + left + 65)) | 0 : m.h1
    if (this.#options.reduce && !this.#visited.add(h1, m.h2)) {
      const known = this.#visited.ways(h1, m.h2)
      this.#covered += known
      return known
    }
    this.#atState?.()
    this.#stack.push({ depth: m.depth, h1, h2: m.h2, last, left, next: 0, moved: false, ways: 0 })
    return -1
  }

  /** All that can come of a state has come. */
  #leave(frame: Frame): number {
    if (!frame.moved) frame.ways = this.#end()
    if (this.#options.reduce) this.#visited.setWays(frame.h1, frame.h2, frame.ways)
    this.#stack.pop()
    const above = this.#stack[this.#stack.length - 1]
    if (above !== undefined) {
      above.ways += frame.ways
      this.#machine.back(above.depth)
    }
    return frame.ways
  }

  #end(): number {
    this.#atEnd(this.#machine)
    this.#covered++
    return 1
  }

  /** Takes what nobody can notice; as a thread goes on it leaves things behind that then are another's alone. */
  #glue(): void {
    const m = this.#machine
    const isFree = (t: number): boolean => (this.#options.coalesce ? m.isPrivate(t) : !m.isChoice(t))
    for (let t = 0, idle = 0; idle < m.threads; t = (t + 1) % m.threads) {
      idle++
      while (m.bug === undefined && m.canStep(t) && isFree(t)) {
        m.step(t, true)
        idle = 0
      }
    }
  }
}
