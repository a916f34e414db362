// What a run says of one test point under one subject. Every key is always there.

import type { Case, Values, Wanted } from '../case/case.ts'
import type { Engine, Observation, Position, Step } from '../engine.ts'

/** One thing that must never be, where it was seen. */
export interface Anomaly {
  /** A name of harness/check/anomalies.ts. */
  readonly name: string
  readonly text: string
  /** Index of the step, or undefined: after the last process. */
  readonly step: number | undefined
  readonly pos: Position | undefined
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
  /** The first is the verdict, what follows is listed under it. */
  readonly anomalies: readonly Anomaly[]
  /** What the case states and this engine cannot see, in the case's words. */
  readonly unseen: readonly string[]
  /** The steps that were asked for; an observation counts its steps by them. */
  readonly steps: readonly Step[]
  /** Why there is no verdict: of `config`, `no-answer` and `bug`. */
  readonly reason: string | undefined
  readonly observation: Observation | undefined
}
