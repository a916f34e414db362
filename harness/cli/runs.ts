// Runs of cases under variants of the model, each point under each variant once.

import type { Case } from '../case/case.ts'
import type { Result } from '../check/result.ts'
import type { Exploring } from '../engine.ts'
import { modelEngine } from '../explore/model-engine.ts'
import { Count, exitOf } from '../report/tally.ts'
import { execute } from './execute.ts'
import { countTrials, groupOf } from './groups.ts'
import { executeOn, type Jobs } from './jobs.ts'
import { Progress } from './progress.ts'
import { variantOf } from './variants.ts'

export class Runs {
  readonly #jobs: Jobs
  readonly #signal: AbortSignal
  readonly #asked = new Map<string, Set<Case>>()
  readonly #results = new Map<string, Result>()
  readonly #count = new Count()

  constructor(jobs: Jobs, signal: AbortSignal) {
    this.#jobs = jobs
    this.#signal = signal
  }

  ask(subject: string, cases: readonly Case[]): void {
    const asked = this.#asked.get(subject) ?? new Set()
    this.#asked.set(subject, asked)
    for (const one of cases) asked.add(one)
  }

  /** Runs what was asked for. `wants`: whether it shall be as the verdicts say. */
  async run(wants = false): Promise<void> {
    const groups = [...this.#asked].map(([subject, cases]) => groupOf(modelEngine(variantOf(subject, [])), [...cases]))
    const progress = new Progress(countTrials(groups))
    for await (const result of executeOn(this.#jobs, groups, [], { detail: false, signal: this.#signal })) {
      this.#count.add(result.status === 'fail' && !wants ? 'pass' : result.status)
      this.#results.set(keyOf(result), { ...result, observation: undefined })
      progress.step(`${result.point} ${result.subject}`)
    }
    progress.clear()
  }

  /** Every point of these cases under all of these subjects, as far as all were run. */
  rows(subjects: readonly string[], cases: readonly Case[]): Result[][] {
    const points = cases.flatMap(one => one.combinations.map(values => one.pointName(values)))
    return points.flatMap(point => {
      const row = subjects.flatMap(subject => this.#results.get(keyOf({ point, subject })) ?? [])
      return row.length === subjects.length ? [row] : []
    })
  }

  async grid(subjects: readonly string[], cases: readonly Case[], wants = false): Promise<Result[][]> {
    for (const subject of subjects) this.ask(subject, cases)
    await this.run(wants)
    return this.rows(subjects, cases)
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
