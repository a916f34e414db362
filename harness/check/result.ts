// What a run says of one test point under one subject. Every key is always there.

import type { Case, Values, Wanted } from '../case/case.ts'
import type { Course, Engine, Observation, Position, Step } from '../engine.ts'

/** One thing that must never be, where it was seen. */
export interface Anomaly {
  /** A name of harness/check/anomalies.ts. */
  readonly name: string
  readonly text: string
  /** Index of the step, or undefined: after the last process. */
  readonly step: number | undefined
  readonly pos: Position | undefined
}

/** The ends of a race that begin with the same anomaly, by the simplest course that leads to one of them. */
export interface Shown extends Course {
  /** Of the first anomaly. */
  readonly name: string
  /** How many distinct ends show it first. */
  readonly endings: number
  /** Of the end that the course leads to: the first, and what follows it. */
  readonly anomalies: readonly Anomaly[]
}

/** How much of a race was looked at, and what it can come to. */
export interface Explored {
  readonly interleavings: string
  readonly states: number
  readonly transitions: number
  readonly complete: boolean
  /** What ended the search before it was complete. */
  readonly bound: string | undefined
  /** Of each distinct end `clean` or its first anomaly, in the engine's order. */
  readonly endings: readonly string[]
  /** The simplest schedule first. */
  readonly shown: readonly Shown[]
}

/**
 * `pass`: as the verdict says. `fail`: something else, an unexpected pass too. `config`: this machine cannot judge.
 * `no-answer`: timeout, engine lost, bound reached. `bug`: mmfunc itself is wrong.
 */
export type Status = 'pass' | 'fail' | 'config' | 'no-answer' | 'bug'

export interface Result {
  readonly case: Case
  readonly values: Values
  readonly point: string
  readonly engine: Engine['kind']
  readonly subject: string
  readonly status: Status
  readonly wanted: Wanted
  /** `clean` or the first anomaly. */
  readonly found: string
  /** `sometimes`: a race ends otherwise as well. */
  readonly how: 'always' | 'sometimes'
  /** What else speaks against the verdict, or leaves it open. */
  readonly against: readonly string[]
  /** The first is the verdict, what follows is listed under it; of a race on the way that is shown first. */
  readonly anomalies: readonly Anomaly[]
  /** What the case states and this engine cannot see, in the case's words. */
  readonly unseen: readonly string[]
  /** The steps that were asked for; an observation counts its steps by them. */
  readonly steps: readonly Step[]
  /** Why there is no verdict: of `config`, `no-answer` and `bug`. */
  readonly reason: string | undefined
  readonly observation: Observation | undefined
  /** Of a point with a race. */
  readonly explored: Explored | undefined
}
