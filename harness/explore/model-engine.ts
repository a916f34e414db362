// The engine `model`: test points on the modelled kernel, each from boot to the last exit; races in every way.

import { setImmediate as turn } from 'node:timers/promises'
import type { Counters, End, Engine, Exploration, Exploring, Observation, TestPoint } from '../engine.ts'
import { CannotJudge } from '../model/bug.ts'
import { build } from '../model/history/compose.ts'
import { hasOwnPatch, type Variant, variantHas, whyUnanswerable } from '../model/history/index.ts'
import { DoesNotBuild } from '../model/history/patch.ts'
import { boot } from '../model/machine.ts'
import { readCounters } from './counters.ts'
import { exploreRace, helpWithRace, type RaceAt, racesIn, sitesOfRace } from './exploration.ts'
import { helpersFor } from './parallel/hire.ts'
import type { Line } from './parallel/line.ts'
import { perform } from './perform.ts'
import type { Races } from './search/races.ts'
import { drain } from './search/strategy.ts'
import type { OpSite } from './sites.ts'
import { Straight } from './straight.ts'
import { World } from './world.ts'

/** The model under one variant. */
export function modelEngine(variant: Variant): Engine {
  return {
    kind: 'model',
    subject: { name: variant.name, has: id => variantHas(variant, id) },
    async *run(points, { detail, signal, exploring }) {
      for (const point of points) {
        if (signal?.aborted) return
        const work = observing(point, variant, detail, { ...exploring, signal })
        let step = work.next()
        for (; !step.done; step = work.next()) await turn()
        yield step.value
      }
    },
  }
}

/** Runs one point from boot to the last exit, at once. */
export function observe(point: TestPoint, variant: Variant, detail: boolean, how: Exploring = {}): Observation {
  return drain(observing(point, variant, detail, how))
}

function observing(point: TestPoint, variant: Variant, detail: boolean, how: Exploring): Generator<void, Observation> {
  return upToRace(point, variant, detail, function* (world, race) {
    const crew = how.schedule === undefined ? helpersFor(point, variant.name, how) : undefined
    try {
      return yield* exploreRace(world, race, crew === undefined ? how : { ...how, memory: crew.memory }, crew)
    } finally {
      crew?.close()
    }
  })
}

/**
 * What the threads of the point's race touch at once without order; undefined where it has no race, or where it cannot
 * be judged.
 */
export function racesOf(point: TestPoint, variant: Variant, how: Exploring = {}): Races | undefined {
  let found: Races | undefined
  const look: Meet = function* (world, race) {
    found = yield* racesIn(world, race, how)
    return undefined
  }
  drain(upToRace(point, variant, false, look))
  return found
}

/** Where another CPU may come in: every op that the threads of the point's race come to. */
export function sitesOf(point: TestPoint, variant: Variant, how: Exploring = {}): readonly OpSite[] {
  let found: readonly OpSite[] = []
  const look: Meet = function* (world, race) {
    found = yield* sitesOfRace(world, race, how)
    return undefined
  }
  drain(upToRace(point, variant, false, look))
  return found
}

/** Helps another thread that searches the point's race. */
export function helpWith(point: TestPoint, variant: Variant, how: Exploring, line: Line): void {
  drain(upToRace(point, variant, false, (world, race) => helpWithRace(world, race, how, line)))
}

/** What is done with a race that a straight run has come to. */
type Meet = (world: World, race: RaceAt) => Generator<void, Exploration | undefined>

/** Runs a point straight; a race on the way is left to `meet`, and what it gives is where the run ends. */
function* upToRace(point: TestPoint, variant: Variant, detail: boolean, meet: Meet): Generator<void, Observation> {
  const reason = whyUnanswerable(variant, point.ids ?? [])
  if (reason !== undefined) return unanswered(point, { kind: 'config', reason })
  const kernel = build(variant.functions, point.machine)
  if (kernel instanceof DoesNotBuild) {
    const finding = { anomaly: 'does-not-build', text: kernel.reason }
    return { ...unanswered(point, { kind: 'done' }), after: [finding] }
  }
  const run = new Straight(detail)
  let baseline: Counters = {}
  let exploration: Exploration | undefined
  try {
    boot(point.machine, kernel)
    const world = World.booted()
    for (const step of point.prime) perform(world, step)
    world.undo()
    baseline = readCounters()
    const at = run.go(world, point.steps, 0)
    if (at === point.steps.length) run.finish(world)
    else if (point.steps[at]!.verb === 'race')
      exploration = yield* meet(world, {
        point,
        at,
        detail,
        told: run.told,
        onTrial: hasOwnPatch(variant),
      })
  } catch (error) {
    if (!(error instanceof CannotJudge)) throw error
    run.end = { kind: 'config', reason: error.message, ...(run.index >= 0 && { step: run.index }) }
  }
  const { steps, after, end } = run
  return { point: point.name, baseline, steps, after, end, log: [], ...(exploration !== undefined && { exploration }) }
}

function unanswered({ name }: TestPoint, end: End): Observation {
  return { point: name, baseline: {}, steps: [], after: [], end, log: [] }
}
