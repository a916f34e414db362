// Observation and case give the result of one test point. Knows no engine: what was not seen is not judged.

import type { Case, Values } from '../case/case.ts'
import type { Engine, Observation, StepSeen, Subject, TestPoint } from '../engine.ts'
import { matchAnswer, wrongAnswer } from './answers.ts'
import { judgeBytes } from './bytes.ts'
import { judgeExpect, type Outcome } from './expects.ts'
import { follow } from './follow.ts'
import type { Anomaly, Result } from './result.ts'
import { Shadow } from './shadow.ts'
import { splatsIn } from './splat.ts'

/** What is judged: one combination of a case, as one subject sees it. */
export interface Trial {
  readonly case: Case
  readonly values: Values
  readonly point: TestPoint
  readonly engine: Engine['kind']
  readonly subject: Subject
}

/** What a run says of a trial. */
export function judge(trial: Trial, seen: Observation): Result {
  const { end } = seen
  const { anomalies, unseen } = anomaliesOf(trial.point, seen)
  const found = anomalies[0]?.name ?? 'clean'
  const result = { ...blank(trial), found, anomalies, unseen, observation: seen }
  if (end.kind === 'config') return { ...result, status: 'config', reason: end.reason }
  if (gaveNoAnswer(seen)) return { ...result, status: 'no-answer', reason: `${end.kind}: ${reasonOf(seen)}` }
  return { ...result, status: asWanted(result) ? 'pass' : 'fail' }
}

/** The result of a trial that `reason` kept from being judged. */
export function unjudged(trial: Trial, status: 'config' | 'no-answer' | 'bug', reason: string): Result {
  return { ...blank(trial), status, reason }
}

function blank(trial: Trial): Result {
  return {
    case: trial.case,
    values: trial.values,
    point: trial.point.name,
    engine: trial.engine,
    subject: trial.subject.name,
    status: 'pass',
    wanted: trial.case.wanted(trial.values, trial.subject),
    found: 'clean',
    anomalies: [],
    unseen: [],
    steps: trial.point.steps,
    reason: undefined,
    observation: undefined,
  }
}

/** A race that is not lost in so many rounds proves nothing on a real kernel; the model is exhaustive. */
function asWanted({ engine, wanted, found }: Result): boolean {
  if (found === wanted.anomaly) return true
  return engine !== 'model' && wanted.how === 'sometimes' && found === 'clean'
}

/** Hangs, timeouts and lost engines; also a kernel that ends before it has done anything of the case. */
function gaveNoAnswer({ end, steps }: Observation): boolean {
  if (end.kind === 'oops' || end.kind === 'panic') return end.step === undefined && steps.length === 0
  return end.kind !== 'done' && end.kind !== 'config'
}

function reasonOf({ end }: Observation): string {
  return 'reason' in end ? end.reason : ''
}

/**
 * Every anomaly in the order in which it came: step by step, the engine's own truth first, then what the case says.
 * What stays wrong from step to step is told once.
 */
function anomaliesOf(point: TestPoint, seen: Observation): Pick<Result, 'anomalies' | 'unseen'> {
  const shadow = new Shadow()
  const anomalies: Anomaly[] = []
  const unseen = new Set<string>()
  for (const [at, step] of seen.steps.entries()) {
    for (const outcome of judgeStep(point, seen, at, step, shadow)) {
      if (outcome === 'holds') continue
      if ('unseen' in outcome) unseen.add(outcome.unseen)
      else if (!anomalies.some(({ name, text }) => name === outcome.name && text === outcome.text)) {
        anomalies.push({ ...outcome, step: step.index })
      }
    }
  }
  anomalies.push(...afterwards(point, seen, anomalies))
  return { anomalies, unseen: [...unseen] }
}

function* judgeStep(
  point: TestPoint,
  seen: Observation,
  at: number,
  step: StepSeen,
  shadow: Shadow,
): Generator<Outcome> {
  const asked = point.steps[step.index]
  if (asked === undefined) return
  const { pos } = asked
  for (const { anomaly, text } of [...step.findings, ...splatsIn(step.log)]) yield { name: anomaly, text, pos }
  const given = matchAnswer(asked, step.answer)
  if (given === undefined) yield { ...wrongAnswer(asked, step.answer), pos }
  yield* judgeBytes(asked, step, shadow)
  follow(asked, step.answer, shadow)
  const moment = { seen, index: at, by: asked.by, isPin: (name: string) => shadow.isPin(name) }
  if (given?.expect !== undefined) yield* judgeExpect(given.expect, moment)
  if (asked.expect !== undefined) yield* judgeExpect(asked.expect, moment)
}

/** What came after the last step, and how it ended; what a step has already said is not said again. */
function afterwards(point: TestPoint, seen: Observation, before: readonly Anomaly[]): Anomaly[] {
  const { end } = seen
  const said = new Set(seen.steps.flatMap(step => step.log))
  const step = 'step' in end ? end.step : undefined
  const pos = step === undefined ? undefined : point.steps[step]?.pos
  const late = splatsIn(seen.log.filter(line => !said.has(line))).map(({ anomaly, text }) => {
    return { name: anomaly, text, step, pos }
  })
  const crash = end.kind === 'oops' || end.kind === 'panic'
  if (crash && ![...before, ...late].some(isCrash))
    late.push({ name: crashName(end.reason), text: end.reason, step, pos })
  const after = seen.after.map(({ anomaly, text }) => ({ name: anomaly, text, step: undefined, pos: undefined }))
  return [...late.filter(one => !before.some(other => other.name === one.name)), ...after]
}

function isCrash({ name }: Anomaly): boolean {
  return name === 'oops' || name === 'bug-on'
}

function crashName(reason: string): string {
  return splatsIn([reason])[0]?.anomaly ?? (/\b(VM_)?BUG(_ON\w*)?\b/.test(reason) ? 'bug-on' : 'oops')
}
