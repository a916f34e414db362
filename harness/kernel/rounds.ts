// A point with a race on a real kernel: run again and again, and every distinct end is kept.

import type { Ending, Expect, Observation, RaceSeen, Step, StepSeen, TestPoint } from '../engine.ts'
import type { Event } from './events.ts'
import { hasRace, type Rounds } from './program.ts'
import { type BootCounters, conserved, PointSeen } from './seen.ts'

/** What is told of a point, collected. */
export type Seen = Pick<PointSeen, 'take' | 'broken' | 'lost' | 'step' | 'log' | 'observation'>

export function seenOf(point: TestPoint, counters: BootCounters, rounds: Rounds): Seen {
  return hasRace(point) ? new RoundsSeen(point, counters, rounds) : new PointSeen(point.name, counters)
}

class RoundsSeen implements Seen {
  readonly #point: TestPoint
  readonly #counters: BootCounters
  readonly #rounds: Rounds
  readonly #race: number
  readonly #watched: readonly string[]
  readonly #endings = new Map<string, Ending>()
  readonly #log: string[] = []
  #first: Observation | undefined
  #count = 0
  /** What a later round lacked: those before it stand. */
  #lacking: string | undefined
  #lost = false
  #now: PointSeen

  constructor(point: TestPoint, counters: BootCounters, rounds: Rounds) {
    this.#point = point
    this.#counters = counters
    this.#rounds = rounds
    this.#race = point.steps.findIndex(({ verb }) => verb === 'race')
    this.#watched = [...new Set([...conserved, ...countersIn(point.steps)])]
    this.#now = new PointSeen(point.name, counters)
  }

  get broken(): boolean {
    return this.#now.broken
  }

  get lost(): boolean {
    return this.#lost || this.#now.lost
  }

  get step(): number | undefined {
    return this.#now.step
  }

  get log(): readonly string[] {
    return [...this.#log, ...this.#now.log]
  }

  take(event: Event): void {
    if (event[0] === 'lacks' && this.#count > 0) {
      this.#lacking = event[1]
    } else if (event[0] === 'round') {
      this.#lost ||= this.#now.lost
      this.#close(this.#now.observation())
      this.#now = new PointSeen(this.#point.name, this.#counters)
    } else {
      this.#now.take(event)
    }
  }

  /** What came before the race is the first round's. */
  observation(end?: Observation['end']): Observation {
    const last = this.#now.observation(end)
    if (this.#lacking === undefined) this.#close(last)
    const { point, baseline, steps } = this.#first ?? last
    const before = { point, baseline, steps: steps.filter(({ index }) => index < this.#race), log: this.#log }
    if (last.end.kind === 'config' || this.#endings.size === 0) return { ...before, after: last.after, end: last.end }
    const exploration = {
      endings: [...this.#endings.values()],
      // More is not known: two rounds may have gone alike all the way.
      interleavings: String(this.#endings.size),
      states: this.#count,
      transitions: 0,
      complete: false,
      bound: this.#lacking === undefined ? boundText(this.#rounds) : `${this.#count} rounds, then ${this.#lacking}`,
      model: '',
    }
    return { ...before, after: [], end: { kind: 'done' }, exploration }
  }

  #close(round: Observation): void {
    const steps = round.steps.filter(({ index }) => index >= this.#race)
    this.#log.push(...round.log)
    this.#count++
    this.#first ??= round
    if (round.end.kind === 'done' && steps.length === 0) return
    const { race } = this.#now
    const key = this.#keyOf(round, steps, race)
    if (this.#endings.has(key)) return
    const { baseline, after, end } = round
    this.#endings.set(key, { schedule: '', through: '', steps, race, after, end, baseline })
  }

  /** Two rounds ended alike if they answered, found and changed the same; where memory lay makes no difference. */
  #keyOf({ baseline, after, end }: Observation, steps: readonly StepSeen[], race: readonly RaceSeen[]): string {
    const pfns = new Map<number, number>()
    const plain = (key: string, value: unknown) => {
      if (key !== 'pfn') return value
      const pfn = value as number
      if (!pfns.has(pfn)) pfns.set(pfn, pfns.size)
      return pfns.get(pfn)
    }
    const seen = steps.map(({ counters, log, ...step }) => {
      return {
        ...step,
        log: log.map(withoutNumbers),
        counters: this.#watched.map(name => (counters[name] ?? 0) - (baseline[name] ?? 0)),
      }
    })
    return JSON.stringify({ seen, race, after, end: end.kind }, plain)
  }
}

/** Frames and processes that the kernel names differ from round to round. */
const withoutNumbers = (line: string): string => line.replace(/0x[0-9a-f]+|\d+/g, '#')

/** What a case asks for, of all its steps. */
function countersIn(steps: readonly Step[]): string[] {
  const asked = ({ counters }: Expect) => counters.map(({ name }) => name)
  return steps.flatMap(({ expect, gives }) => [
    ...(expect === undefined ? [] : asked(expect)),
    ...gives.flatMap(one => (one.expect === undefined ? [] : asked(one.expect))),
  ])
}

function boundText({ rounds, seconds }: Rounds): string {
  const texts = [rounds === undefined ? [] : `${rounds} rounds`, seconds === undefined ? [] : `${seconds} s`]
  return texts.flat().join(' or ')
}
