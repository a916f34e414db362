// A race in a case: its threads run in every way that they may, and from each distinct end the case goes on to its
// own. Short schedules come first: an end that is reached with one preemption is told with one.

import type { End, Ending, Exploration, Exploring, RaceArgs, StepSeen, TestPoint } from '../engine.ts'
import { CannotJudge, type KernelBug } from '../model/bug.ts'
import { prepareRace } from '../model/machine.ts'
import { setCpu, setThread } from '../model/ops.ts'
import { restore, snapshot } from '../model/store.ts'
import { readCounters } from './counters.ts'
import { help } from './parallel/helper.ts'
import type { Line } from './parallel/line.ts'
import { bodiesOf, type ThreadEnd, worldAfter } from './race.ts'
import { whyNobodyMeets } from './search/excluded.ts'
import { type Crew, type Exhaustive, exhaustive } from './search/exhaustive.ts'
import { Machine, type MachineOptions } from './search/machine.ts'
import { findRaces, type Race, type Races, raceText } from './search/races.ts'
import type { ThreadBody } from './search/recorder.ts'
import { random } from './search/replay.ts'
import { formatSchedule, parseSchedule, preemptions, type Schedule, scheduleOf } from './search/schedule.ts'
import { shrink } from './search/shrink.ts'
import type { Extent, Strategy } from './search/strategy.ts'
import { stuckBug } from './search/stuck.ts'
import { throughOf } from './search/through.ts'
import { type OpSite, sitesIn } from './sites.ts'
import { endOf, findingOf, look, nothing, Straight } from './straight.ts'
import { stepping } from './trace.ts'
import type { World } from './world.ts'

/** As verdicts are searched for; the race detector has its own. */
const usual: MachineOptions = { marks: true, pauses: false }

/** Where in which case the race stands. */
export interface RaceAt {
  readonly point: TestPoint
  /** The index of the race step. */
  readonly at: number
  readonly detail: boolean
  /** Findings told before the race. */
  readonly told: ReadonlySet<string>
  /** The variant has a patch that is not of the history: what its threads touch without order is looked for, too. */
  readonly onTrial: boolean
}

/** Steps for the search of short schedules: no seconds, so that what is found does not depend on the machine. */
const SHORT_FIRST = 2_000_000

/** Why a schedule is not run. */
const CHANGED =
  'the model or the case has changed since this schedule was found, its turns are other steps now; `mmfunc explore` finds it again'

/** Ends whose schedules are made short; beyond these the schedule is as it was found. */
const SHRUNK = 32

export function* exploreRace(world: World, race: RaceAt, how: Exploring, crew?: Crew): Generator<void, Exploration> {
  if (how.schedule !== undefined) return yield* replayRace(world, race, how.schedule)
  const bodies = readied(world, race)
  const machine = new Machine(bodies, { ...usual, marks: how.marks !== false })
  const ends = new Ends(world, race)
  if (how.random === undefined && how.reduce !== false && how.preemptions === undefined)
    yield* onePreemption.explore(machine, m => ends.add(m, scheduleOf(m)), { ...how, steps: SHORT_FIRST })
  const extent = yield* strategyOf(how, crew).explore(machine, m => ends.add(m, scheduleOf(m)), how)
  const apart = extent.bound === undefined ? whyNobodyMeets(machine) : undefined
  if (apart !== undefined) throw new CannotJudge(`there is no race: ${apart}; a race needs what may happen at once`)
  const endings = ends.list(machine, SHRUNK)
  if (!race.onTrial) return { ...told(extent), endings }
  const { races, bound } = yield* findRaces(bodies, how)
  const all = [...endings, ...races.map(one => endingOf(one, race, machine))]
  return { ...told({ ...extent, bound: extent.bound ?? bound }), endings: all }
}

/** A state in which two threads touch the same at once: nobody can say what comes of it. */
function endingOf(race: Race, { at }: RaceAt, machine: Machine): Ending {
  const finding = { anomaly: 'data-race', text: raceText(race) }
  const step = { ...raceSeen(at), counters: readCounters(), findings: [finding] }
  const to = race.schedule.length > 0 ? race.schedule : [{ thread: 0, ops: undefined }]
  const schedule = formatSchedule(to, machine.names)
  return { steps: [step], race: [], after: [], end: { kind: 'done' }, schedule, through: throughOf(machine, to) }
}

/** One schedule again; its end keeps it as it was given. */
function* replayRace(
  world: World,
  race: RaceAt,
  { text, through, took = () => {} }: NonNullable<Exploring['schedule']>,
): Generator<void, Exploration> {
  const machine = new Machine(readied(world, race), usual)
  const schedule = parseSchedule(text, machine.names)
  if (typeof schedule === 'string') throw new CannotJudge(schedule)
  if (through !== undefined && throughOf(machine, schedule) !== through) throw new CannotJudge(CHANGED)
  const ends = new Ends(world, race)
  const extent = yield* stepping(schedule, world, took).explore(machine, m => ends.add(m, schedule), {})
  return { ...told(extent), endings: ends.list(machine, 0) }
}

/** What threads of a race touch at once although neither a lock nor an op orders it: searched in single steps. */
export const racesIn = (world: World, race: RaceAt, how: Exploring): Generator<void, Races> =>
  findRaces(readied(world, race), how)

/** Every op that the threads of a race come to. */
export function* sitesOfRace(world: World, race: RaceAt, how: Exploring): Generator<void, OpSite[]> {
  const machine = new Machine(readied(world, race), usual)
  yield* strategyOf(how).explore(machine, () => {}, how)
  return sitesIn(machine)
}

/** The threads of a race, ready to run. */
function readied(world: World, { point, at }: RaceAt): ThreadBody[] {
  const { threads } = point.steps[at]!.args as RaceArgs
  prepareRace(threads.length)
  return bodiesOf(world, threads)
}

/** Most anomalies need no more than one preemption, and are found so at once. */
const onePreemption = exhaustive({ reduce: true, coalesce: true, preemptions: 1, glance: true })

function strategyOf(how: Exploring, crew?: Crew): Strategy {
  if (how.random !== undefined) return random(how.random.seed, how.random.times)
  return exhaustive(fullyBy(how), crew)
}

const fullyBy = ({ reduce = true, preemptions }: Exploring): Exhaustive => ({ reduce, coalesce: reduce, preemptions })

/** The part of a helper in the search of a race. */
export function* helpWithRace(world: World, race: RaceAt, how: Exploring, line: Line): Generator<void, undefined> {
  yield help(new Machine(readied(world, race), { ...usual, marks: how.marks !== false }), fullyBy(how), line)
}

function told({ interleavings, states, transitions, bound }: Extent): Omit<Exploration, 'endings'> {
  return { interleavings: decimal(interleavings), states, transitions, complete: bound === undefined, bound }
}

/** Exact as far as a double is. */
function decimal(n: number): string {
  if (n > Number.MAX_VALUE) return 'more than 1.8e+308'
  return n <= Number.MAX_SAFE_INTEGER ? String(n) : n.toExponential(2)
}

/** What was seen of an end, however it was reached. */
type SeenEnd = Omit<Ending, 'schedule' | 'through'>

/** What came of one way through a race. */
interface Way {
  readonly ending: SeenEnd
  readonly schedule: Schedule
}

/** Distinct ends: those that agree in everything that was seen are one. */
class Ends {
  readonly #world: World
  readonly #race: RaceAt
  readonly #ways = new Map<string, Way>()
  /** Ends of the race itself that were followed to the end of the case, by their hash. */
  readonly #followed = new Map<string, string>()

  constructor(world: World, race: RaceAt) {
    this.#world = world
    this.#race = race
  }

  /** Follows the machine's state to the end of the case, unless it was seen before. */
  add(machine: Machine, schedule: Schedule): string {
    const state = `${machine.h1} ${machine.h2} ${machine.bug?.message ?? ''}`
    const known = this.#followed.get(state)
    const key = known ?? this.#follow(machine, schedule)
    this.#followed.set(state, key)
    const way = this.#ways.get(key)!
    if (preemptions(schedule) < preemptions(way.schedule)) this.#ways.set(key, { ...way, schedule })
    return key
  }

  /** Every distinct end, in the order in which they were found; the schedules of the first `shrunk` are made short. */
  list(machine: Machine, shrunk: number): Ending[] {
    return [...this.#ways].map(([key, { ending, schedule }], i) => {
      const short = i < shrunk ? shrink(machine, schedule, m => this.add(m, schedule) === key) : schedule
      return { ...ending, schedule: formatSchedule(short, machine.names), through: throughOf(machine, short) }
    })
  }

  #follow(machine: Machine, schedule: Schedule): string {
    const bug = machine.bug ?? stuckBug(machine)
    const ending = bug === undefined ? this.#goOn(machine) : this.#died(bug)
    const key = JSON.stringify(ending)
    if (!this.#ways.has(key)) this.#ways.set(key, { ending, schedule })
    return key
  }

  #died(bug: KernelBug): SeenEnd {
    const { at } = this.#race
    const step = { ...raceSeen(at), counters: readCounters(), findings: [findingOf(bug)] }
    return { steps: [step], race: [], after: [], end: endOf(bug, at) }
  }

  /** The rest of the case from here; the store is put back afterwards. */
  #goOn(machine: Machine): SeenEnd {
    const { point, at, detail, told } = this.#race
    const before = snapshot()
    const threads = [...machine.at].map(n => machine.trie.results.get(n) as ThreadEnd)
    const world = worldAfter(this.#world, threads)
    const run = new Straight(detail, told)
    let end: End | undefined
    setThread(0)
    setCpu(0)
    try {
      const step = point.steps[at]!
      run.steps.push({
        ...raceSeen(at),
        counters: readCounters(),
        ...look(world, step, detail),
        signals: world.takeSignals(),
        findings: run.news(world),
      })
      if (run.go(world, point.steps, at + 1) === point.steps.length) run.finish(world)
    } catch (error) {
      if (!(error instanceof CannotJudge)) throw error
      end = { kind: 'config', reason: error.message, ...(run.index >= 0 && { step: run.index }) }
    } finally {
      restore(before)
    }
    return { steps: run.steps, race: threads.flatMap(({ seen }) => seen), after: run.after, end: end ?? run.end }
  }
}

function raceSeen(index: number): StepSeen {
  return { index, answer: { kind: 'ok' }, counters: {}, bytes: [], ...nothing, findings: [], log: [] }
}
