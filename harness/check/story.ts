// Every anomaly of one way through a test point, in the order in which it came.

import type { Observation, RaceArgs, RaceSeen, Step, StepSeen, TestPoint } from '../engine.ts'
import { type Given, matchAnswer, wrongAnswer } from './answers.ts'
import { judgeBytes } from './bytes.ts'
import { judgeExpect, type Outcome } from './expects.ts'
import { follow } from './follow.ts'
import type { Anomaly, Result } from './result.ts'
import { Shadow } from './shadow.ts'
import { judgeSignals } from './signals.ts'
import { splatsIn } from './splat.ts'

/**
 * Every anomaly in the order in which it came: step by step, the engine's own truth first, then what the case says.
 * What stays wrong from step to step is told once. `race`: what the steps inside the race answered on this way.
 */
export function anomaliesOf(
  point: TestPoint,
  seen: Observation,
  race: readonly RaceSeen[],
): Pick<Result, 'anomalies' | 'unseen'> {
  const shadow = new Shadow()
  const anomalies: Anomaly[] = []
  const unseen = new Set<string>()
  for (const [at, step] of seen.steps.entries()) {
    for (const outcome of judgeStep({ point, seen, race, shadow }, at, step)) {
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

interface Story {
  readonly point: TestPoint
  readonly seen: Observation
  readonly race: readonly RaceSeen[]
  readonly shadow: Shadow
}

function* judgeStep({ point, seen, race, shadow }: Story, at: number, step: StepSeen): Generator<Outcome> {
  const asked = point.steps[step.index]
  if (asked === undefined) return
  const { pos } = asked
  for (const { anomaly, text } of [...step.findings, ...splatsIn(step.log)]) yield { name: anomaly, text, pos }
  if (asked.verb === 'race') yield* judgeRace(asked.args as RaceArgs, race, shadow)
  const given = yield* judgeAnswer(asked, step, shadow)
  const moment = { seen, index: at, by: asked.by, isPin: (name: string) => shadow.isPin(name) }
  const expects = [given?.expect, asked.expect].filter(expect => expect !== undefined)
  for (const expect of expects) yield* judgeExpect(expect, moment)
  yield* judgeSignals(
    expects.flatMap(({ signals }) => signals),
    step.signals,
    pos,
  )
}

/** The threads one after another: nobody knows their order, and the shadow only gives wrong bytes their name. */
function* judgeRace({ threads }: RaceArgs, race: readonly RaceSeen[], shadow: Shadow): Generator<Outcome> {
  for (const { name, steps } of threads) {
    for (const seen of race) {
      const asked = seen.thread === name ? steps[seen.step] : undefined
      if (asked !== undefined) yield* judgeAnswer(asked, seen, shadow)
    }
  }
}

/** What a step answered and read; returns the line of `gives` that fits. */
function* judgeAnswer(
  asked: Step,
  seen: Pick<StepSeen, 'answer' | 'bytes' | 'differ'>,
  shadow: Shadow,
): Generator<Outcome, Given | undefined> {
  const given = matchAnswer(asked, seen.answer)
  if (given === undefined) yield { ...wrongAnswer(asked, seen.answer), pos: asked.pos }
  yield* judgeBytes(asked, seen, shadow)
  follow(asked, seen.answer, shadow)
  return given
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
