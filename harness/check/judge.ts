// Observation and case give the result of one test point. Knows no engine: what was not seen is not judged.

import type { Case, Values, Wanted } from '../case/case.ts'
import type { Ending, Engine, Exploration, Observation, Subject, TestPoint } from '../engine.ts'
import type { AnomalyName } from './anomalies.ts'
import type { Explored, Result, Shown } from './result.ts'
import { compareSchedules } from './simpler.ts'
import { anomaliesOf } from './story.ts'
import { againstFound, againstSeen, type Objection, type Way } from './verdict.ts'

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
  const { exploration } = seen
  const ways = exploration === undefined ? [wayOf(trial.point, seen)] : waysOf(trial.point, seen, exploration.endings)
  const { wanted } = blank(trial)
  const shown = shownOf(ways)
  const told = tellingOf(wanted, shown)
  const result: Result = {
    ...blank(trial),
    ...told,
    how: new Set(ways.map(({ name }) => name)).size > 1 ? 'sometimes' : 'always',
    unseen: [...new Set(ways.flatMap(({ unseen }) => unseen))],
    observation: seen,
    explored: exploration && exploredOf(exploration, ways, shown),
  }
  const mute = ways.find(couldNotBeJudged) ?? ways.find(({ seen }) => gaveNoAnswer(seen))
  if (mute !== undefined) return { ...result, ...whyMute(mute) }
  const blind = result.found === 'clean' ? unseenOfVerdict(result) : []
  if (blind.length > 0)
    return {
      ...result,
      status: 'config',
      reason: `what the verdict says may show in ${blind.join(', ')}, not seen here`,
    }
  return { ...result, ...verdictOf(result, ways) }
}

/**
 * Of a verdict that always something is wrong with counters: those that the case states, if this engine sees none of
 * them.
 */
function unseenOfVerdict({ wanted: { anomalies, how }, unseen, steps }: Result): string[] {
  const isOfCounters = anomalies.length > 0 && anomalies.every(name => ofCounters.has(name))
  if (how !== 'always' || !isOfCounters) return []
  const stated = new Set(steps.flatMap(({ expect }) => expect?.counters ?? []).map(({ name }) => name))
  return [...stated].every(name => unseen.includes(name)) ? [...stated] : []
}

const ofCounters: ReadonlySet<string> = new Set(['counter-drift', 'wrong-count'] satisfies AnomalyName[])

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
    how: 'always',
    against: [],
    anomalies: [],
    unseen: [],
    steps: trial.point.steps,
    reason: undefined,
    observation: undefined,
    explored: undefined,
  }
}

/** A point that went one way, or one end of its race as if it had been the only one. */
function wayOf(point: TestPoint, seen: Observation, ending?: Ending): Way {
  const { anomalies, unseen } = anomaliesOf(point, seen, ending?.race ?? [])
  const isWhole = seen.end.kind === 'done' && seen.steps.length === point.steps.length
  const { schedule = '', through = '' } = ending ?? {}
  return { name: anomalies[0]?.name ?? 'clean', anomalies, unseen, seen, isWhole, schedule, through }
}

/** One way for each end of the race; a point that ended before its race went one way. */
function waysOf(point: TestPoint, before: Observation, endings: readonly Ending[]): Way[] {
  if (endings.length === 0) return [wayOf(point, before)]
  return endings.map(ending => {
    const { steps, after, end, baseline = before.baseline } = ending
    return wayOf(point, { ...before, baseline, steps: [...before.steps, ...steps], after, end }, ending)
  })
}

/** The ways that are not clean, by their first anomaly. */
function shownOf(ways: readonly Way[]): Shown[] {
  const shown = new Map<string, Shown>()
  for (const { name, schedule, through, anomalies } of ways) {
    if (name === 'clean') continue
    const before = shown.get(name)
    const endings = (before?.endings ?? 0) + 1
    const simpler = before === undefined || compareSchedules(schedule, before.schedule) < 0
    shown.set(name, simpler ? { name, endings, schedule, through, anomalies } : { ...before, endings })
  }
  return [...shown.values()].sort((a, b) => compareSchedules(a.schedule, b.schedule))
}

/** Which of the anomalies is told: one that nobody wanted comes first. */
function tellingOf({ anomalies }: Wanted, shown: readonly Shown[]): Pick<Result, 'found' | 'anomalies'> {
  const told = shown.find(({ name }) => !anomalies.includes(name)) ?? shown[0]
  return { found: told?.name ?? 'clean', anomalies: told?.anomalies ?? [] }
}

function exploredOf({ endings, ...numbers }: Exploration, ways: readonly Way[], shown: readonly Shown[]): Explored {
  return { ...numbers, endings: endings.map((_, i) => ways[i]!.name), shown }
}

/**
 * What is open fails the verdict where all ways are known, leaves it without an answer behind a bound, and says nothing
 * of a real kernel: a race that is not lost in so many rounds proves nothing.
 */
function verdictOf(
  { engine, wanted, explored }: Result,
  ways: readonly Way[],
): Pick<Result, 'status' | 'against' | 'reason'> {
  const isModel = engine === 'model'
  const bound = isModel && explored?.complete === false ? (explored.bound ?? 'a bound') : undefined
  const found = [...againstFound(wanted, ways)]
  if (bound !== undefined && wanted.how === 'always')
    found.push({ text: `${wanted.anomalies.join()} in what was looked at, which is not all`, open: true })
  const seen = [...againstSeen(wanted, ways)]
  const counts = ({ open }: Objection) => !open || isModel
  const all = [...found, ...seen].filter(counts)
  const against = (explored === undefined ? seen.filter(counts) : all).map(({ text }) => text)
  if (all.length === 0) return { status: 'pass', against, reason: undefined }
  if (bound === undefined || all.some(({ open }) => !open)) return { status: 'fail', against, reason: undefined }
  return { status: 'no-answer', against, reason: `bound reached: ${bound}` }
}

function whyMute({ seen: { end }, schedule }: Way): Pick<Result, 'status' | 'reason'> {
  const reason = 'reason' in end ? end.reason : ''
  const by = schedule === '' ? '' : ` (${schedule})`
  if (end.kind === 'config') return { status: 'config', reason: `${reason}${by}` }
  return { status: 'no-answer', reason: `${end.kind}: ${reason}${by}` }
}

/** What cannot be done because a step before it went wrong is no lack of the machine: the case has its verdict. */
function couldNotBeJudged({ seen: { end }, anomalies }: Way): boolean {
  return end.kind === 'config' && !anomalies.some(({ step }) => step !== undefined && step < (end.step ?? 0))
}

/** Hangs, timeouts and lost engines; also a kernel that ends before it has done anything of the case. */
function gaveNoAnswer({ end, steps }: Observation): boolean {
  if (end.kind === 'oops' || end.kind === 'panic') return end.step === undefined && steps.length === 0
  return end.kind !== 'done' && end.kind !== 'config'
}
