// Runs of cases under variants of the model, each point under each variant once.

import { createHash } from 'node:crypto'
import type { Case } from '../case/case.ts'
import type { Result } from '../check/result.ts'
import type { Counters, Ending, Exploring, Observation, StepSeen } from '../engine.ts'
import { modelEngine } from '../explore/model-engine.ts'
import { Count, exitOf } from '../report/tally.ts'
import { execute } from './execute.ts'
import { countTrials, groupOf } from './groups.ts'
import { executeOn, type Jobs } from './jobs.ts'
import { Progress } from './progress.ts'
import { variantOf } from './variants.ts'

/** A case and what it is run under; undefined: there is no such variant. */
export interface Asked {
  readonly case: Case
  readonly subjects: readonly (string | undefined)[]
}

export class Runs {
  readonly #jobs: Jobs
  readonly #signal: AbortSignal
  readonly #results = new Map<string, Result>()
  readonly #ways = new Map<Result, string>()
  readonly #count = new Count()

  constructor(jobs: Jobs, signal: AbortSignal) {
    this.#jobs = jobs
    this.#signal = signal
  }

  /**
   * Runs what is asked; a row for each point, with a result under each subject that there is. When it is interrupted,
   * rows are missing. `wants`: whether it shall be as the verdicts say.
   */
  async of(asked: readonly Asked[], wants = false): Promise<(Result | undefined)[][]> {
    const shares = new Map<string, Map<string, Case>>()
    for (const { case: one, subjects } of asked)
      for (const subject of subjects)
        if (subject !== undefined) shares.set(subject, (shares.get(subject) ?? new Map()).set(one.name, one))
    const groups = [...shares].map(([subject, cases]) =>
      groupOf(modelEngine(variantOf(subject, [])), [...cases.values()]),
    )
    const progress = new Progress(countTrials(groups))
    for await (const result of executeOn(this.#jobs, groups, [], { detail: false, signal: this.#signal })) {
      this.#count.add(result.status === 'fail' && !wants ? 'pass' : result.status)
      const kept = { ...result, observation: undefined }
      this.#results.set(keyOf(result), kept)
      if (result.observation !== undefined) this.#ways.set(kept, wayOf(result.observation))
      progress.step(`${result.point} ${result.subject}`)
    }
    progress.clear()
    return this.rows(asked)
  }

  rows(asked: readonly Asked[]): (Result | undefined)[][] {
    return asked.flatMap(one => this.#rowsOf(one))
  }

  #rowsOf({ case: one, subjects }: Asked): (Result | undefined)[][] {
    const rows = one.combinations.map(values => {
      const point = one.pointName(values)
      return subjects.map(subject => (subject === undefined ? undefined : this.#results.get(keyOf({ point, subject }))))
    })
    return rows.filter(row => row.every((result, i) => result !== undefined || subjects[i] === undefined))
  }

  /** Whether two runs did the same all along: answers, bytes and counters at every step. */
  areAlike(one: Result, other: Result): boolean {
    return this.#ways.get(one) === this.#ways.get(other)
  }

  /** One point again; when it is interrupted, what was known of it. */
  async again(result: Result, detail: boolean, exploring: Exploring): Promise<Result> {
    const { case: of, point, subject } = result
    const { engine, trials } = groupOf(modelEngine(variantOf(subject, [])), [of])
    const group = { engine, trials: trials.filter(trial => trial.point.name === point) }
    for await (const again of execute([group], { detail, exploring, signal: this.#signal })) return again
    return result
  }

  get status(): number {
    return exitOf(this.#count.tally(this.#signal.aborted))
  }
}

const keyOf = ({ point, subject }: Pick<Result, 'point' | 'subject'>): string => `${point} ${subject}`

/** A digest of what happened, the same for a race in whatever order its ends were found. */
function wayOf({ steps, baseline, exploration }: Observation): string {
  const told = (all: readonly StepSeen[]) =>
    all.map(({ index, answer, counters, bytes }) => [index, answer, since(baseline, counters), bytes])
  const ends = exploration?.endings.map(({ steps, race }: Ending) => JSON.stringify([told(steps), race])).sort()
  return createHash('sha256')
    .update(JSON.stringify([told(steps), ends]))
    .digest('hex')
}

const since = (baseline: Counters, now: Counters): unknown =>
  Object.entries(now).filter(([name, value]) => value !== baseline[name])
