// A straight run: steps one after another on the modelled kernel, the truth recounted after each.

import type { Answer, End, Finding, RangeSeen, Step, StepSeen } from '../engine.ts'
import { KernelBug } from '../model/bug.ts'
import { locksHeld } from '../model/ops.ts'
import { leftovers, recount } from '../model/truth.ts'
import { readCounters } from './counters.ts'
import { anonVmaAt, mappedRuns, seenFrames } from './look.ts'
import { functionsIn } from './opwords.ts'
import { perform } from './perform.ts'
import { structPages } from './struct-pages.ts'
import type { World } from './world.ts'

export class Straight {
  readonly steps: StepSeen[] = []
  after: Finding[] = []
  end: End = { kind: 'done' }
  /** The step that runs, -1 where none does. */
  index = -1
  /** What the recount has found before; told once. */
  readonly told: Set<string>
  readonly #detail: boolean

  constructor(detail: boolean, told: Iterable<string> = []) {
    this.#detail = detail
    this.told = new Set(told)
  }

  /** Does the steps from `first` on, up to a race, to what the kernel dies of, or to the end; says where it stopped. */
  go(world: World, steps: readonly Step[], first: number): number {
    for (let index = first; index < steps.length; index++) {
      this.index = index
      const step = steps[index]!
      if (step.verb === 'race') return index
      const bug = this.#step(world, index, step)
      if (bug === undefined) continue
      this.end = endOf(bug, index)
      return index
    }
    this.index = -1
    return steps.length
  }

  /** The last process goes, and the device; nothing may be left. */
  finish(world: World): void {
    try {
      world.end()
      this.after = [...this.news(world), ...leftovers()]
    } catch (error) {
      if (!(error instanceof KernelBug)) throw error
      this.after = [findingOf(error)]
    }
  }

  /** What the recount finds that it had not found before. */
  news(world: World): Finding[] {
    const fresh = truth(world).filter(({ text }) => !this.told.has(text))
    for (const { text } of fresh) this.told.add(text)
    return fresh
  }

  /** Does a step and looks around; returns what the kernel died of. */
  #step(world: World, index: number, step: Step): KernelBug | undefined {
    world.bytes = []
    world.differ = undefined
    let answer: Answer = { kind: 'ok' }
    let bug: KernelBug | undefined
    let lastWord: Finding | undefined
    try {
      answer = perform(world, step) ?? answer
    } catch (error) {
      if (!(error instanceof KernelBug)) throw error
      bug = error
      lastWord = lastWords(error)
    }
    this.steps.push({
      index,
      answer,
      counters: readCounters(),
      bytes: world.bytes,
      ...(bug === undefined || this.#detail ? look(world, step, this.#detail) : nothing),
      ...(world.differ !== undefined && { differ: world.differ }),
      signals: world.takeSignals(),
      findings: lastWord === undefined ? this.news(world) : [lastWord],
      log: [],
    })
    return bug
  }
}

export const findingOf = ({ anomaly, message }: KernelBug): Finding => ({ anomaly, text: message })

/** How many of the functions around it say where something happened. */
const NEAREST = 4

/** What the kernel died of, in which of its functions, and what it held there. */
function lastWords({ anomaly, message, stack = '' }: KernelBug): Finding {
  const within = functionsIn(stack).slice(0, NEAREST).join(' < ')
  const held = locksHeld()
  return { anomaly, text: [message, within && ` in ${within}`, held && `, with ${held} held`].join('') }
}

export const nothing = { ranges: [], frames: [] }

/** How a run ends in which the kernel did what it must never do. */
export function endOf({ anomaly, message }: KernelBug, step: number): End {
  return anomaly === 'oops' || anomaly === 'bug-on' ? { kind: 'oops', reason: message, step } : { kind: 'done' }
}

function truth(world: World): Finding[] {
  const pins = [...world.pins.values()]
  const stale = pins.flatMap(pin => [...pin.stale()])
  return [
    ...stale,
    ...recount({ mms: world.processes, pins: [...pins.map(pin => pin.pages), ...world.isolated.values()] }),
  ]
}

/** What the case asks about, or everything. */
export function look(world: World, step: Step, detail: boolean): Pick<StepSeen, 'ranges' | 'frames' | 'pages'> {
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
        ranges.push({ process, range, runs: mappedRuns(mm, place), ...(detail && anonVmaAt(mm, place)) })
    }
  }
  const frames = [...world.frames]
    .filter(([name]) => detail || named.has(name))
    .map(([name, pages]) => seenFrames(name, pages))
  return { ranges, frames, ...(detail && { pages: structPages(ranges, frames) }) }
}
