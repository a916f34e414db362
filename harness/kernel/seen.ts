// From events to an observation of one test point.

import type {
  Answer,
  BytesSeen,
  Counters,
  End,
  Finding,
  FramesSeen,
  Observation,
  RaceSeen,
  RangeSeen,
  SignalSeen,
  StepSeen,
} from '../engine.ts'
import { gravest } from './console.ts'
import { answerOf, foundOf, framesOf, rangeOf } from './decode.ts'
import type { CounterChanges, Event, Told } from './events.ts'

/** A step while it is still being told. */
interface Telling {
  readonly index: number
  answer: Answer | undefined
  readonly bytes: BytesSeen[]
  readonly ranges: RangeSeen[]
  readonly frames: Map<string, FramesSeen>
  readonly race: RaceSeen[]
  /** Bytes found in a race before the answer of their step was told. */
  readonly foundInRace: Map<string, BytesSeen[]>
  /** The step of a race that finds what is told. */
  inRace: string | undefined
  readonly signals: SignalSeen[]
  readonly log: string[]
  differ: StepSeen['differ']
}

/** The counters of one boot, as last told: the probe tells changes only. */
export class BootCounters {
  #now: Counters = {}

  change(changes: CounterChanges): Counters {
    this.#now = { ...this.#now, ...changes }
    return this.#now
  }

  /** A counter from which the kernel has taken what it had never added. */
  get spoilt(): string | undefined {
    return belowZero(this.#now)
  }
}

export function belowZero(counters: Counters): string | undefined {
  return Object.keys(counters).find(name => counters[name]! < 0)
}

/** Collects what is told of one point. Steps that prime it are not kept. */
export class PointSeen {
  readonly #name: string
  readonly #counters: BootCounters
  readonly #steps: StepSeen[] = []
  readonly #log: string[] = []
  readonly #after: Finding[] = []
  #race: readonly RaceSeen[] = []
  #before: Counters = {}
  #baseline: Counters | undefined
  #step: Telling | undefined
  #end: End | undefined
  #lost = false

  constructor(name: string, counters: BootCounters) {
    this.#name = name
    this.#counters = counters
  }

  /** Whether the kernel can no longer be believed; the point is then over. */
  get broken(): boolean {
    return this.#end?.kind === 'oops'
  }

  /** The step that is being done, once counting has begun. */
  get step(): number | undefined {
    return this.#baseline === undefined ? undefined : this.#step?.index
  }

  /** What the steps of the race answered, if there was one. */
  get race(): readonly RaceSeen[] {
    return this.#race
  }

  get log(): readonly string[] {
    return this.#log
  }

  take(event: Event): void {
    switch (event[0]) {
      case 'before':
        this.#before = this.#counters.change(event[1])
        return
      case 'baseline':
        this.#baseline = this.#counters.change(event[1])
        return
      case 'after':
        this.#finish(this.#counters.change(event[1]))
        return
      case 'lacks':
        this.#end = config(event[1], undefined)
        return
      case 'step':
        this.#step = {
          index: event[1],
          answer: undefined,
          bytes: [],
          ranges: [],
          frames: new Map(),
          race: [],
          foundInRace: new Map(),
          inRace: undefined,
          signals: [],
          log: [],
          differ: undefined,
        }
        return
      case 'log':
        this.#log.push(event[1])
        this.#step?.log.push(event[1])
        return
      case 'counters':
        this.#closeStep(this.#counters.change(event[1]))
        return
      default:
        if (this.#step !== undefined) this.#tell(this.#step, event)
    }
  }

  #tell(step: Telling, event: Event): void {
    switch (event[0]) {
      case 'answer': {
        const [, ...told] = event
        this.#answer(step, told)
        return
      }
      case 'bytes':
        bytesGoTo(step).push(foundOf(event))
        return
      case 'in':
        step.inRace = raceKey(event[1], event[2])
        return
      case 'raced': {
        const [, thread, index, ...told] = event
        const bytes = step.foundInRace.get(raceKey(thread, index)) ?? []
        step.race.push({ thread, step: index, answer: answerOf(told), bytes })
        step.inRace = undefined
        return
      }
      case 'frames':
        step.frames.set(event[1], framesOf(event))
        return
      case 'signal': {
        const [, process, ...told] = event
        step.signals.push({ process, signal: answerOf(['signal', ...told]) })
        return
      }
      case 'range':
        step.ranges.push(rangeOf(event))
        return
      case 'differ': {
        const [, transfer, offset, length, sent, found] = event
        step.differ = { transfer, offset, length, sent, found }
      }
    }
  }

  #answer(step: Telling, told: Told): void {
    if (told[0] === 'config') this.#end = config(told[1], this.step)
    else if (told[0] === 'gone') this.#end ??= { kind: 'done' }
    else step.answer = answerOf(told)
  }

  /** A step without an answer was not done: the point ended at it. */
  #closeStep(counters: Counters): void {
    const step = this.#step
    const index = this.step
    this.#step = undefined
    if (step === undefined) return
    const grave = gravest(step.log)
    if (grave?.gravity === 'oops') this.#end = { kind: 'oops', reason: grave.line, ...at(index) }
    if (grave?.gravity === 'out-of-memory') this.#end = config('the guest ran out of memory', index)
    if (index === undefined || step.answer === undefined) return
    const { answer, bytes, ranges, frames, signals, log, differ, race } = step
    if (race.length > 0) this.#race = race
    const seen = { index, answer, counters, bytes, ranges, frames: [...frames.values()], signals, findings: [], log }
    this.#steps.push(differ === undefined ? seen : { ...seen, differ })
  }

  /** Whether a huge page whose memory failed stays in its pool for good: no other point has that pool. */
  get lost(): boolean {
    return this.#lost
  }

  #finish(after: Counters): void {
    this.#after.push(...leftOver(this.#before, after))
    this.#lost = lostPages(this.#before, after).length > 0
  }

  /** The observation; `end` where the guest ended before the point did. */
  observation(end?: End): Observation {
    return {
      point: this.#name,
      baseline: this.#baseline ?? {},
      steps: this.#steps,
      after: this.#after,
      end: this.#end ?? end ?? { kind: 'done' },
      log: this.#log,
    }
  }
}

/** The observation of a point of which nothing was seen. */
export function nothingSeen(point: string, end: End, log: readonly string[] = []): Observation {
  return { point, baseline: {}, steps: [], after: [], end, log }
}

function raceKey(thread: string, step: number): string {
  return `${thread} ${step}`
}

/** Where bytes that are told now belong. */
function bytesGoTo(step: Telling): BytesSeen[] {
  if (step.inRace === undefined) return step.bytes
  const list = step.foundInRace.get(step.inRace) ?? []
  step.foundInRace.set(step.inRace, list)
  return list
}

function config(reason: string, step: number | undefined): End {
  return { kind: 'config', reason, ...at(step) }
}

export function at(step: number | undefined): { readonly step?: number } {
  return step === undefined ? {} : { step }
}

/** Whether a counter, or what is said of one, is of a pool of huge pages. */
export const isOfPool = (name: string): boolean => /^(node\d+\/)?hugepages-/.test(name)

/** What must stand as before when no process of a point is left. */
export const conserved: readonly string[] = ['AnonPages', 'AnonHugePages', 'Mlocked', 'Unevictable']

/** Pools that have fewer free pages, where memory failed: a huge page of it may stay there, in use by nobody. */
function lostPages(before: Counters, after: Counters): string[] {
  const change = (name: string) => (after[name] ?? 0) - (before[name] ?? 0)
  if (change('HardwareCorrupted') <= 0) return []
  return Object.keys(after).filter(name => isOfPool(name) && name.endsWith('/free_hugepages') && change(name) < 0)
}

function leftOver(before: Counters, after: Counters): Finding[] {
  const change = (name: string) => (after[name] ?? 0) - (before[name] ?? 0)
  const text = (what: string, by: number) =>
    `${what} is ${by > 0 ? '+' : ''}${by} after the last process, against before the first`
  const lost = lostPages(before, after)
  const pools = Object.keys(after).filter(name => isOfPool(name) && !lost.includes(name))
  const drifted = [...conserved, ...pools].filter(name => change(name) !== 0)
  const pins = change('nr_foll_pin_acquired') - change('nr_foll_pin_released')
  return [
    ...drifted.map(name => ({ anomaly: 'counter-drift', text: text(name, change(name)) })),
    ...(pins === 0 ? [] : [{ anomaly: 'leak', text: text('the number of pins', pins) }]),
  ]
}
