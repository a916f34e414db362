// The steps of a case under one combination of its matrix: values put in, names resolved, rounds written out.
// What a patch or a release decides stays open, as conditions beside each step.
//
// Combinations that agree in the values which a step and all steps before it use, read it the same way; so the first
// of them reads it, and leaves the outcome with the scope that it was read against.

import type { Machine, Step } from '../engine.ts'
import { steps as verbs } from '../steps/index.ts'
import type { Naming } from '../steps/step.ts'
import { Scope, within } from '../steps/words/scope.ts'
import type { Values } from './case.ts'
import { contextFor } from './machine.ts'
import { substitute, valuesIn } from './matrix.ts'
import type { Problems } from './problems.ts'
import { readRace } from './race.ts'
import { read } from './read.ts'
import { doubt, plainOk, readStep, type Setting } from './step.ts'
import { get, kindOf, type Mapping, type Node } from './tree.ts'
import { verbOf } from './verb.ts'
import type { Condition, Whens } from './when.ts'

/** Most steps of one combination, rounds written out. */
const MOST_STEPS = 2000
/** Most steps of all combinations together: what bounds the time that reading a file takes. */
const MOST_IN_ALL = 20_000

/** A step, and what the subject must have for it to happen. */
export interface Planned {
  readonly step: Step
  readonly conditions: readonly Condition[]
}

/** What all combinations of one file share. */
export class Desk {
  readonly problems: Problems
  readonly whens: Whens
  readonly counters: readonly string[]
  /** Steps planned so far, of all combinations. */
  planned = 0
  readonly #outcomes = new Map<Scope, Map<string, Outcome>>()
  readonly #starts = new Map<string, Scope>()

  constructor(problems: Problems, whens: Whens, counters: readonly string[]) {
    this.problems = problems
    this.whens = whens
    this.counters = counters
  }

  /** The scope before the first step, the same for the same machine. */
  start(list: Node, machine: Machine): Scope {
    const key = `${list.start} ${JSON.stringify(machine)}`
    const scope = this.#starts.get(key) ?? new Scope()
    this.#starts.set(key, scope)
    return scope
  }

  /** What has come of steps that were read against `scope`. */
  outcomes(scope: Scope): Map<string, Outcome> {
    const outcomes = this.#outcomes.get(scope) ?? new Map<string, Outcome>()
    this.#outcomes.set(scope, outcomes)
    return outcomes
  }
}

/** A name that ends with its round. */
interface Made {
  readonly naming: Naming
  readonly maker: string
  readonly conditions: readonly Condition[]
}

/** What a step, or all rounds of a `repeat`, has come to. */
interface Outcome {
  readonly planned: readonly Planned[]
  readonly made: readonly Made[]
  readonly scope: Scope
}

/** Where a step stands: `values` has the matrix and the numbers of the rounds around it. */
interface Round {
  readonly values: Values
  readonly conditions: readonly Condition[]
  readonly made: Made[]
  /** Why no race may stand here. */
  readonly noRace: string | undefined
}

export class Plan {
  readonly #desk: Desk
  readonly #machine: Machine
  #scope: Scope
  readonly #steps: Planned[] = []

  private constructor(desk: Desk, machine: Machine, scope: Scope) {
    this.#desk = desk
    this.#machine = machine
    this.#scope = scope
  }

  /** The steps of a list. `noRace`: why no race may stand in it. */
  static read(list: Node, values: Values, machine: Machine, desk: Desk, noRace?: string): readonly Planned[] {
    const plan = new Plan(desk, machine, desk.start(list, machine))
    const round: Round = { values, conditions: [], made: [], noRace }
    plan.#readList(list, step => plan.#readOnce(step, round))
    return plan.#steps
  }

  #readList(list: Node, readOne: (step: Mapping) => void): void {
    const { problems } = this.#desk
    if (list.kind !== 'list' || list.items.length === 0) {
      const what = list.kind === 'list' ? 'an empty one' : kindOf(list)
      problems.add('BAD_SHAPE', list, `here stands a list of steps, not ${what}`)
      return
    }
    for (const item of list.items) {
      if (problems.full || this.#isTooMuch(item)) return
      if (item.kind === 'map') readOne(item)
      else problems.add('BAD_SHAPE', item, `a step is a map with one verb, not ${kindOf(item)}`)
    }
  }

  #isTooMuch(node: Node): boolean {
    const here = this.#steps.length >= MOST_STEPS
    if (!here && this.#desk.planned < MOST_IN_ALL) return false
    const most = here ? `${MOST_STEPS} in one combination` : `${MOST_IN_ALL} in all combinations together`
    this.#desk.problems.add('TOO_MANY', node, `too many steps here: ${most} are the most`)
    return true
  }

  /** A step outside of any round, unless it was read before under the same circumstances. */
  #readOnce(map: Mapping, round: Round): void {
    if (this.#desk.whens.under(round.values, get(map, 'when')) === undefined) return
    const outcomes = this.#desk.outcomes(this.#scope)
    const key = `${map.start} ${valuesIn(map, round.values)}`
    const before = outcomes.get(key)
    if (before !== undefined) {
      this.#scope = before.scope
      for (const planned of before.planned) this.#add(planned)
      round.made.push(...before.made)
      return
    }
    const [steps, made] = [this.#steps.length, round.made.length]
    this.#scope = this.#scope.clone()
    this.#read(map, round)
    outcomes.set(key, { planned: this.#steps.slice(steps), made: round.made.slice(made), scope: this.#scope })
  }

  #read(map: Mapping, round: Round): void {
    const { problems, whens, counters } = this.#desk
    const condition = whens.under(round.values, get(map, 'when'))
    if (condition === undefined) return
    const verb = verbOf(map, problems)
    if (verb === undefined) {
      doubt(map, this.#scope)
      return
    }
    const conditions = isOpen(condition) ? [...round.conditions, condition] : round.conditions
    if (verb.text === 'repeat') {
      this.#repeat(map, { ...round, conditions })
      return
    }
    const setting = { problems, counters, machine: this.#machine, scope: this.#scope, by: 'main', cpu: 0 }
    if (verb.text === 'race') {
      this.#race(map, { ...round, conditions }, setting)
      return
    }
    const done = readStep(substitute(map, round.values, problems), verb.text, setting)
    if (done === undefined) return
    this.#add({ step: done.step, conditions })
    for (const naming of done.namings) round.made.push({ naming, maker: done.step.by, conditions })
  }

  /** A race; what a thread has made ends in the thread, which alone knows it. */
  #race(map: Mapping, { values, conditions, noRace }: Round, setting: Setting): void {
    const { problems } = this.#desk
    const second = this.#steps.some(({ step }) => step.verb === 'race')
    const why = second ? 'a case has one race, and this is another' : noRace
    if (why !== undefined) problems.add('BAD_VALUE', get(map, 'race')!, why)
    const race = readRace(substitute(map, values, problems), setting)
    if (race === undefined) return
    const threads = race.step.args.threads.map((thread, i) => {
      const { made, scope } = race.threads[i]!
      const ends = this.#endsOf(made, scope, map)
      this.#desk.planned += thread.steps.length + ends.length
      return { ...thread, steps: [...thread.steps, ...ends.map(({ step }) => step)] }
    })
    this.#add({ step: { ...race.step, args: { threads } }, conditions })
  }

  #repeat(map: Mapping, round: Round): void {
    const { problems } = this.#desk
    for (const { key } of map.entries) {
      if (key.text === 'repeat' || key.text === 'when') continue
      problems.add('BAD_SHAPE', key, `"${key.text}" stands beside a step of the round, not beside repeat`)
    }
    const node = get(map, 'repeat')!
    const args = this.#readRepeat(node, round.values)
    if (args === undefined) {
      doubt(node, this.#scope)
      return
    }
    for (let i = 0; i < args.times && !problems.full; i++) {
      const values = args.as === undefined ? round.values : withValue(round.values, args.as, String(i))
      const noRace = 'a race is no step of a round'
      const inner: Round = { values, conditions: round.conditions, made: [], noRace }
      const before = this.#steps.length
      this.#readList(args.steps, step => this.#read(step, inner))
      for (const { step, made } of this.#endsOf(inner.made, this.#scope, map))
        this.#add({ step, conditions: made.conditions })
      // A round without a step, or one too many: no other round would be better.
      if (this.#steps.length === before || this.#isTooMuch(args.steps)) return
    }
  }

  /** What stands beside the steps of a round; the steps themselves are read round by round. */
  #readRepeat(node: Node, values: Values): { times: number; as?: string | undefined; steps: Node } | undefined {
    const { problems } = this.#desk
    const head = node.kind === 'map' ? { ...node, entries: node.entries.map(putIn) } : node
    const args = within(contextFor(this.#machine, this.#scope), () => read(verbs.repeat!.args, head, problems))
    if (args === undefined || node.kind !== 'map') return undefined
    const { times, as } = args as { times: number; as?: string }
    if (as !== undefined && Object.hasOwn(values, as))
      problems.add('NAME_TAKEN', get(node, 'as')!, `$${as} has a value already`)
    return { times, as, steps: get(node, 'steps')! }

    function putIn(entry: Mapping['entries'][number]): Mapping['entries'][number] {
      return entry.key.text === 'steps' ? entry : { key: entry.key, value: substitute(entry.value, values, problems) }
    }
  }

  /** The steps that end what was made, last first: children exit, pins are let go, ranges unmapped. */
  #endsOf<M extends Pick<Made, 'naming' | 'maker'>>(
    made: readonly M[],
    scope: Scope,
    node: Node,
  ): { readonly step: Step; readonly made: M }[] {
    const pos = this.#desk.problems.position(node)
    const ends: { step: Step; made: M }[] = []
    for (const one of made.toReversed()) {
      const { naming, maker } = one
      const { kind, name } = naming
      const end = (verb: string, args: unknown, by: string): void => {
        const text = `${verb}: ${name}`
        ends.push({
          step: { verb, args, by, cpu: 0, gives: plainOk, expect: undefined, pos, text, ends: name },
          made: one,
        })
      }
      if (kind === 'process' && scope.isAlive(name)) {
        end('exit', name, name)
        scope.end(name)
      } else if (kind === 'range') {
        if (scope.isAlive(maker)) end('munmap', { of: name, offset: 0, length: naming.size, text: name }, maker)
        scope.forget(name)
      } else if ((kind === 'file' || kind === 'segment') && scope.named(name)?.kind === kind) {
        end(kind === 'file' ? 'unlink' : 'shmrm', name, scope.isAlive(maker) ? maker : 'main')
        scope.forget(name)
      } else if (kind === 'frames') {
        const owner = scope.isAlive(maker) ? maker : 'main'
        if (scope.isPinned(name)) end('unpin', { frames: name, owner }, owner)
        scope.forget(name)
      }
    }
    return ends
  }

  #add(planned: Planned): void {
    this.#steps.push(planned)
    this.#desk.planned++
  }
}

function isOpen({ from, until }: Condition): boolean {
  return from.length > 0 || until.length > 0
}

function withValue(values: Values, name: string, value: string): Values {
  return Object.assign(Object.create(null), values, { [name]: value })
}
