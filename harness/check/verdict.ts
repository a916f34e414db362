// What speaks against a verdict, over all the ways in which a point went: without a race there is one.

import type { Wanted } from '../case/case.ts'
import type { Course, Observation } from '../engine.ts'
import { counterOf } from './counter.ts'
import type { Anomaly } from './result.ts'
import { judgeSeen } from './seen.ts'

/** One way through a point; its course says how a race went, where the engine chooses that. */
export interface Way extends Course {
  /** `clean` or the first anomaly. */
  readonly name: string
  readonly anomalies: readonly Anomaly[]
  readonly unseen: readonly string[]
  /** As if it had been the only one. */
  readonly seen: Observation
  /** Whether its last step is the case's last. */
  readonly isWhole: boolean
}

/** One objection; `open`: ways that are not known yet may lift it. */
export interface Objection {
  readonly text: string
  readonly open: boolean
}

/** What was found against what was wanted. */
export function* againstFound({ anomalies, how }: Wanted, ways: readonly Way[]): Generator<Objection> {
  const wanted = new Set(how === 'sometimes' ? [...anomalies, 'clean'] : anomalies)
  const found = new Set(ways.map(({ name }) => name))
  for (const name of found) {
    const count = ways.filter(way => way.name === name).length
    if (!wanted.has(name)) yield { text: `${count} of ${ways.length} ends: ${name}`, open: false }
  }
  for (const name of wanted) if (!found.has(name)) yield { text: `no end is ${name}`, open: true }
}

/** Values with which counters ended against those that the case states. */
export function* againstSeen({ seen }: Wanted, ways: readonly Way[]): Generator<Objection> {
  for (const one of seen) {
    const found = new Set<number>()
    for (const { seen, isWhole } of ways) {
      const counters = isWhole ? seen.steps.at(-1)?.counters : undefined
      const value = counterOf(one.name, one.delta, seen.baseline, counters)
      if (value !== undefined) found.add(value)
    }
    yield* judgeSeen(one, found)
  }
}
