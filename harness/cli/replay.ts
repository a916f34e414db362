// mmfunc replay: one schedule of a race again, or every schedule that a file keeps.

import { existsSync, readFileSync } from 'node:fs'
import type { Trial } from '../check/judge.ts'
import type { Result } from '../check/result.ts'
import type { OpTaken } from '../engine.ts'
import { modelEngine } from '../explore/model-engine.ts'
import type { Patch } from '../model/history/patch.ts'
import { Trace } from '../report/trace.ts'
import { anomalyText, oneLine } from '../report/words.ts'
import { execute } from './execute.ts'
import { parseFinding, type RaceFinding, splitPoint } from './finding.ts'
import type { Group } from './groups.ts'
import { casesOf } from './load.ts'
import { loadPatches } from './patches.ts'
import { print } from './print.ts'
import { Refusal } from './refusal.ts'
import { parseKept } from './schedules.ts'
import { interruption } from './signals.ts'
import { variantOf } from './variants.ts'

export interface ReplayOptions {
  readonly patch: readonly string[]
  /** Show every step. */
  readonly step?: boolean
}

/** Gives the exit status: 1 if a schedule of a file does not show what stands beside it. */
export async function replay(finding: string, options: ReplayOptions): Promise<number> {
  const patches = await loadPatches(options.patch)
  const signal = interruption()
  const kept = existsSync(finding) ? parseKept(readFileSync(finding, 'utf8')) : [{ finding: parseFinding(finding) }]
  let status = 0
  for (const { finding, shows } of kept) {
    const group = await groupOfFinding(finding, patches)
    const trace = new Trace()
    const took = (step: OpTaken): void => {
      if (options.step) print(trace.lines(step))
    }
    const exploring = { schedule: { text: finding.schedule, through: finding.through, took } }
    for await (const result of execute([group], { detail: false, exploring, signal })) {
      print(endLines(result, finding.schedule))
      if (result.status === 'bug') return 99
      if (result.explored === undefined) status = 3
      else if (shows !== undefined && shows !== result.found) status = 1
    }
  }
  return signal.aborted ? 130 : status
}

/** The one trial in which the finding was found. */
export async function groupOfFinding(finding: RaceFinding, own: readonly Patch[]): Promise<Group> {
  const { word, values } = splitPoint(finding.point)
  const variant = variantOf(finding.variant, own)
  const engine = modelEngine(variant)
  const trials = (await casesOf([word], own)).flatMap(one =>
    one.combinations
      .filter(combination => one.pointName(combination) === `${one.name}${values}`)
      .map((values): Trial => {
        const { subject, kind } = engine
        return { case: one, values, point: one.point(values, subject), engine: kind, subject }
      }),
  )
  const [trial] = trials
  if (trial === undefined) throw new Refusal(`${word} has no test point ${finding.point}`)
  return { engine, trials: [trial] }
}

function* endLines({ point, subject, anomalies, reason }: Result, schedule: string): Generator<string> {
  yield `${point} ${subject}: ${schedule}`
  if (reason !== undefined && anomalies.length === 0) yield `  ${oneLine(reason)}`
  else if (anomalies.length === 0) yield '  clean'
  for (const anomaly of anomalies) yield `  ${oneLine(anomalyText(anomaly))}`
}
