// Every interleaving, once: a depth-first search that goes no further where it meets a state again, and takes steps
// that nobody else can notice together with the step before. With a bound on preemptions, every interleaving in which
// no more often a thread is stopped that could have gone on (Musuvathi and Qadeer, "Iterative context bounding", 2007).

import { mix } from './hash.ts'
import type { Machine } from './machine.ts'
import { runSchedule } from './replay.ts'
import { Touched } from './solo.ts'
import { type AtEnd, type Bounds, type Extent, type Strategy, Watchdog } from './strategy.ts'
import { type States, Visited } from './visited.ts'

/** One state in so many is remembered where no choice is; the same ones, whoever comes there. */
const MILESTONES = 0x1e

/** Transitions for which a pass that must be done again goes on in any case: there may be more to learn. */
const PATIENCE = 0x1000

/** What comes of steps that nobody can notice: a state to go on from, one that is known, one that is of no interest. */
const Glued = { ON: 0, KNOWN: 1, ASLEEP: 2 } as const

export interface Exhaustive {
  /** False: states are not matched, and every interleaving of single steps is walked, as many as combinatorics says. */
  readonly reduce: boolean
  /** Whether steps that nobody can notice are taken at once. */
  readonly coalesce: boolean
  /** The most preemptions; undefined: as many as there are. */
  readonly preemptions?: number | undefined
  /** A first look need not be done again where it took too much together. */
  readonly glance?: boolean
}

/** Others who search the same at the same time, and know of each other what states have come to. */
export interface Crew {
  /** All begin a pass, with no state known: gives the table that all fill. */
  begin(machine: Machine): States
  /**
   * The pass is through. Each learns what any other has: true if then a decision that anyone has made no longer holds.
   * `atEnd` is told of the ends that only others have come to.
   */
  end(machine: Machine, atEnd: AtEnd): Generator<void, boolean>
  /** The machine stands at an end. */
  met(machine: Machine): void
}

export function exhaustive(options: Exhaustive, crew?: Crew): Strategy {
  return {
    *explore(machine, atEnd, bounds) {
      const meet: AtEnd = m => {
        crew?.met(m)
        atEnd(m)
      }
      const search = new Search(machine, meet, bounds, options)
      if (options.coalesce) search.probe()
      for (;;) {
        machine.sharing.begin()
        const extent = yield* search.run(crew?.begin(machine) ?? new Visited())
        const isVoid = crew !== undefined && (yield* crew.end(machine, atEnd))
        if (extent === undefined || (isVoid && extent.bound === undefined)) continue
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
  /** Bits of threads that need not go next: what comes of it has been seen from where they could go before. */
  readonly asleep: number
  next: number
  moved: boolean
  ways: number
  /** Where its part of the states passed begins. */
  readonly passed: number
}

/** A depth-first search from where the machine stands. */
export class Search {
  readonly #machine: Machine
  readonly #atEnd: AtEnd
  readonly #watchdog: Watchdog
  readonly #atState: (() => void) | undefined
  readonly #options: Exhaustive
  #visited: States = new Visited()
  #stack: Frame[] = []
  /** Hashes of states passed between those of the stack, two words each. */
  #passed: number[] = []
  /** Steps that the machine had taken when this search began. */
  readonly #before: number
  /** Interleavings covered so far. */
  #covered = 0
  /** What the first of two threads would do next. */
  readonly #next = new Touched()

  constructor(machine: Machine, atEnd: AtEnd, bounds: Bounds, options: Exhaustive) {
    this.#machine = machine
    this.#before = machine.steps
    this.#atEnd = atEnd
    this.#watchdog = new Watchdog(bounds)
    this.#atState = bounds.atState
    this.#options = options
  }

  /** One execution for each thread, which goes first: most of what is shared is learned here. */
  probe(): void {
    for (let thread = 0; thread < this.#machine.threads; thread++) {
      runSchedule(this.#machine, [{ thread, ops: undefined }])
      this.#machine.back(0)
    }
  }

  /**
   * One pass; undefined: it learned of sharing, and took steps together that it should not have. Searches that fill one
   * table begin each with another thread: `turn`.
   */
  *run(visited: States, turn = 0): Generator<void, Extent | undefined> {
    const m = this.#machine
    const { glance = false } = this.#options
    this.#visited = visited
    this.#stack = []
    this.#passed = []
    this.#covered = 0
    let transitions = 0
    let overtaken = 0
    let worthwhile = Number.POSITIVE_INFINITY
    let bound: string | undefined
    let ways = this.#enter(-1, this.#options.preemptions ?? 0, 0)
    while (this.#stack.length > 0 && bound === undefined) {
      const frame = this.#stack[this.#stack.length - 1]!
      if (frame.next < m.threads) {
        const t = (frame.next++ + turn) % m.threads
        if (!m.canStep(t)) continue
        frame.moved = true
        if ((frame.asleep & (1 << t)) !== 0) continue
        const left = frame.left - this.#cost(frame.last, t)
        if (left < 0) continue
        const asleep = this.#go(frame, t)
        if (asleep < 0) continue
        transitions++
        ways = this.#enter(t, left, asleep)
        if (ways >= 0) {
          frame.ways += ways
          m.back(frame.depth)
        }
        if (m.sharing.overtaken !== overtaken) {
          overtaken = m.sharing.overtaken
          worthwhile = 2 * transitions + PATIENCE
        }
        if (transitions > worthwhile && !glance) break
        if ((transitions & 0xfff) === 0) yield
        bound = this.#watchdog.reached(this.#visited.bytes, this.#covered, m.steps - this.#before)
      } else {
        ways = this.#leave(frame)
      }
    }
    m.back(0)
    if (m.sharing.overtaken > 0 && bound === undefined && !glance) return undefined
    const states = this.#options.reduce ? visited.choices : transitions + 1
    return { interleavings: bound === undefined ? ways : this.#covered, states, transitions, bound }
  }

  /**
   * Takes the next step of `t`. Who goes before `t` here, or sleeps, need not go next as long as nobody does what meets
   * its next step: gives their bits. Of two threads the second goes on at once, up to the first step that meets what
   * the first would do; -1 if there is none.
   */
  #go(frame: Frame, t: number): number {
    const m = this.#machine
    const { coalesce, preemptions } = this.#options
    if (!coalesce || preemptions !== undefined) {
      m.step(t)
      return 0
    }
    const others = this.#whoNeedNot(frame, t)
    if (others !== 0 && this.#isOneOfTwo(t)) return this.#goOn(frame, t, 31 - Math.clz32(others)) ? 0 : -1
    const asleep = others === 0 ? 0 : this.#unmet(frame, t, others)
    m.step(t)
    return asleep
  }

  /** Bits of those that sleep, and of those that could go before `t`. */
  #whoNeedNot(frame: Frame, t: number): number {
    let others = frame.asleep
    for (let u = 0; u < t; u++) if (this.#machine.canStep(u)) others |= 1 << u
    return others
  }

  /** Whether all but `t` and one other are done. */
  #isOneOfTwo(t: number): boolean {
    const m = this.#machine
    let others = 0
    for (let u = 0; u < m.threads; u++) if (u !== t && !m.isDone(u)) others++
    return others === 1
  }

  /** Of these threads the ones whose next step does not meet that of `t`. What dies meets everything. */
  #unmet(frame: Frame, t: number, others: number): number {
    if (this.#looksAhead(frame, t)) return 0
    let asleep = 0
    for (let u = 0; u < this.#machine.threads; u++)
      if ((others & (1 << u)) !== 0 && !this.#meetsNext(frame, u)) asleep |= 1 << u
    return asleep
  }

  /** Sets what `t` would do next; true if it would die of it. */
  #looksAhead(frame: Frame, t: number): boolean {
    const m = this.#machine
    this.#next.clear()
    this.#next.add(m.trie, m.passing(t))
    const dies = m.bug !== undefined
    m.back(frame.depth)
    return dies
  }

  #meetsNext(frame: Frame, u: number): boolean {
    const m = this.#machine
    const way = m.passing(u)
    const meets = m.bug !== undefined || this.#next.meetsAny(m.trie, way)
    m.back(frame.depth)
    return meets
  }

  /** Takes steps of `t` up to one that meets the next of the other; false if there is none. */
  #goOn(frame: Frame, t: number, other: number): boolean {
    const m = this.#machine
    const dies = this.#looksAhead(frame, other)
    while (m.canStep(t)) {
      const way = m.passing(t)
      if (dies || m.bug !== undefined || this.#next.meetsAny(m.trie, way)) return true
    }
    m.back(frame.depth)
    return false
  }

  /** Preemptions that it takes to let `t` go on after `last`. */
  #cost(last: number, t: number): number {
    return this.#options.preemptions !== undefined && last >= 0 && last !== t && this.#machine.canStep(last) ? 1 : 0
  }

  /** Comes into a state: -1 and a frame for it, or in how many ways it goes on if that is known. */
  #enter(last: number, left: number, asleep: number): number {
    const m = this.#machine
    const bounded = this.#options.preemptions !== undefined
    const salt = bounded ? mix(last * 64 + left + 65) : asleep === 0 ? 0 : mix(asleep)
    const passed = this.#passed.length
    const glued = this.#glue(salt, asleep)
    if (glued === Glued.KNOWN) return this.#known(salt, passed)
    if (glued === Glued.ASLEEP) return this.#settle(passed, 0)
    if (m.bug !== undefined) return this.#settle(passed, this.#end())
    if (this.#options.reduce && !this.#visited.add(m.h1 ^ salt, m.h2, true)) return this.#known(salt, passed)
    this.#atState?.()
    this.#stack.push({
      depth: m.depth,
      h1: m.h1 ^ salt,
      h2: m.h2,
      last,
      left,
      asleep,
      next: 0,
      moved: false,
      ways: 0,
      passed,
    })
    return -1
  }

  /** In how many ways it goes on from a state that was met before. */
  #known(salt: number, passed: number): number {
    const ways = this.#visited.ways(this.#machine.h1 ^ salt, this.#machine.h2)
    this.#covered += ways
    return this.#settle(passed, ways)
  }

  /** The states passed since have come to this as well. */
  #settle(passed: number, ways: number): number {
    for (let i = passed; i < this.#passed.length; i += 2)
      this.#visited.setWays(this.#passed[i]!, this.#passed[i + 1]!, ways)
    this.#passed.length = passed
    return ways
  }

  /** All that can come of a state has come. */
  #leave(frame: Frame): number {
    if (!frame.moved) frame.ways = this.#end()
    if (this.#options.reduce) this.#visited.setWays(frame.h1, frame.h2, frame.ways)
    this.#settle(frame.passed, frame.ways)
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

  /**
   * Takes what nobody can notice; as a thread goes on it leaves things behind that then are another's alone. Long ways
   * have much of their ends in common: it ends as soon as one comes to a state that was met before. Who would go here
   * and sleeps has gone before, and all that comes of it was seen.
   */
  #glue(salt: number, asleep: number): number {
    const m = this.#machine
    const { coalesce, reduce } = this.#options
    const isFree = (t: number): boolean => (coalesce ? m.isPrivate(t) : !m.isChoice(t))
    for (let t = 0, idle = 0; idle < m.threads; t = (t + 1) % m.threads) {
      idle++
      while (m.bug === undefined && m.canStep(t) && isFree(t)) {
        if ((asleep & (1 << t)) !== 0) return Glued.ASLEEP
        if (reduce && (m.h2 & MILESTONES) === 0 && !this.#pass(m.h1 ^ salt, m.h2)) return Glued.KNOWN
        m.step(t, true)
        idle = 0
      }
    }
    return Glued.ON
  }

  /** False if somebody has passed here before. */
  #pass(h1: number, h2: number): boolean {
    if (!this.#visited.add(h1, h2, false)) return false
    this.#passed.push(h1, h2)
    return true
  }
}
