// The engine `model`: a test point on the modelled kernel, step after step, the truth recounted after each.

import type {
  Answer,
  Counters,
  End,
  Engine,
  Finding,
  Observation,
  RangeSeen,
  Step,
  StepSeen,
  TestPoint,
} from '../engine.ts'
import { CannotJudge, KernelBug } from '../model/bug.ts'
import { build } from '../model/history/compose.ts'
import { type Variant, variantHas, whyUnanswerable } from '../model/history/index.ts'
import { DoesNotBuild } from '../model/history/patch.ts'
import { boot } from '../model/machine.ts'
import { readCounters } from '../model/mm/vmstat.ts'
import { leftovers, recount } from '../model/truth.ts'
import { mappedRuns, seenFrames } from './look.ts'
import { perform } from './perform.ts'
import { World } from './world.ts'

/** The model under one variant. */
export function modelEngine(variant: Variant): Engine {
  return {
    kind: 'model',
    subject: { name: variant.name, has: id => variantHas(variant, id) },
    async *run(points, { detail, signal }) {
      for (const point of points) {
        if (signal?.aborted) return
        yield observe(point, variant, detail)
      }
    },
  }
}

/** Runs one point from boot to the last exit. */
export function observe(point: TestPoint, variant: Variant, detail: boolean): Observation {
  const run = new Run(point, detail)
  const reason = whyUnanswerable(variant, point.ids ?? [])
  if (reason !== undefined) return unanswered(point, { kind: 'config', reason })
  const kernel = build(variant.functions, point.machine)
  if (kernel instanceof DoesNotBuild) {
    const finding = { anomaly: 'does-not-build', text: kernel.reason }
    return { ...unanswered(point, { kind: 'done' }), after: [finding] }
  }
  try {
    boot(point.machine, kernel)
    run.all()
  } catch (error) {
    if (!(error instanceof CannotJudge)) throw error
    run.end = { kind: 'config', reason: error.message, ...(run.index >= 0 && { step: run.index }) }
  }
  return { point: point.name, baseline: run.baseline, steps: run.steps, after: run.after, end: run.end, log: [] }
}

function unanswered({ name }: TestPoint, end: End): Observation {
  return { point: name, baseline: {}, steps: [], after: [], end, log: [] }
}

class Run {
  readonly steps: StepSeen[] = []
  after: Finding[] = []
  baseline: Counters = {}
  end: End = { kind: 'done' }
  index = -1
  private readonly told = new Set<string>()
  private readonly point: TestPoint
  private readonly detail: boolean

  constructor(point: TestPoint, detail: boolean) {
    this.point = point
    this.detail = detail
  }

  all(): void {
    const world = World.booted()
    for (const step of this.point.prime) perform(world, step)
    world.undo()
    this.baseline = readCounters()
    for (const [index, step] of this.point.steps.entries()) {
      this.index = index
      const bug = this.step(world, index, step)
      if (bug !== undefined) {
        this.end = endOf(bug, index)
        return
      }
    }
    this.index = -1
    this.finish(world)
  }

  /** Does a step and looks around; returns what the kernel died of. */
  private step(world: World, index: number, step: Step): KernelBug | undefined {
    world.bytes = []
    world.differ = undefined
    let answer: Answer = { kind: 'ok' }
    let bug: KernelBug | undefined
    try {
      answer = perform(world, step) ?? answer
    } catch (error) {
      if (!(error instanceof KernelBug)) throw error
      bug = error
    }
    this.steps.push({
      index,
      answer,
      counters: readCounters(),
      bytes: world.bytes,
      ...(bug === undefined ? look(world, step, this.detail) : nothing),
      ...(world.differ !== undefined && { differ: world.differ }),
      findings: bug === undefined ? this.news(world) : [{ anomaly: bug.anomaly, text: bug.message }],
      log: [],
    })
    return bug
  }

  /** What the recount finds that it had not found before. */
  private news(world: World): Finding[] {
    const fresh = truth(world).filter(({ text }) => !this.told.has(text))
    for (const { text } of fresh) this.told.add(text)
    return fresh
  }

  /** The last process goes, and the device; nothing may be left. */
  private finish(world: World): void {
    try {
      world.end()
      this.after = [...this.news(world), ...leftovers()]
    } catch (error) {
      if (!(error instanceof KernelBug)) throw error
      this.after = [{ anomaly: error.anomaly, text: error.message }]
    }
  }
}

const nothing = { ranges: [], frames: [] }

function endOf({ anomaly, message }: KernelBug, step: number): End {
  return anomaly === 'oops' || anomaly === 'bug-on' ? { kind: 'oops', reason: message, step } : { kind: 'done' }
}

function truth(world: World): Finding[] {
  const pins = [...world.pins.values()]
  const stale = pins.flatMap(pin => [...pin.stale()])
  return [...stale, ...recount({ mms: world.processes, pins: pins.map(pin => pin.pages) })]
}

/** What the case asks about, or everything. */
function look(world: World, step: Step, detail: boolean): Pick<StepSeen, 'ranges' | 'frames'> {
  const expects = [step.expect, ...step.gives.map(({ expect }) => expect)]
  if (!detail && expects.every(e => e === undefined)) return nothing
  const asked = new Set(expects.flatMap(e => [...(e?.frames ?? []), ...(e?.mapped ?? [])].map(({ range }) => range.of)))
  const named = new Set(
    expects.flatMap(e => [...(e?.frames ?? []), ...(e?.freed ?? [])].map(({ frames }) => frames.of)),
  )
  const ranges: RangeSeen[] = []
  for (const [process, mm] of world.processes) {
    for (const [range, place] of world.ranges) {
      if (detail || (process === step.by && asked.has(range)))
        ranges.push({ process, range, runs: mappedRuns(mm, place) })
    }
  }
  const frames = [...world.frames]
    .filter(([name]) => detail || named.has(name))
    .map(([name, pages]) => seenFrames(name, pages))
  return { ranges, frames }
}
