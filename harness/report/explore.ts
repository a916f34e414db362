// All that is known of one race: how much was looked at, and every distinct end with the schedule that leads to it.

import { answerText } from '../check/answers.ts'
import type { Explored, Result } from '../check/result.ts'
import type { Counters, Ending, Exploration, Observation, RaceArgs, RaceSeen, Step } from '../engine.ts'
import { exploredText, foundText, shownLines } from './race.ts'
import type { Plan } from './reporter.ts'
import { changeText, oneLine, wantedText } from './words.ts'

type Telling = Pick<Plan, 'replay' | 'paint'>

/** The lines of one point. */
export function* exploreLines(result: Result, plan: Telling): Generator<string> {
  const { point, subject, status, reason, against, explored, observation } = result
  const { paint } = plan
  yield paint('bold', `${point} ${subject}`)
  const exploration = observation?.exploration
  if (explored === undefined || exploration === undefined) {
    yield `  ${oneLine(reason ?? `it ended before its race: ${result.found}`)}`
    return
  }
  yield `  ${exploredText({ ...result, explored })}`
  const verdict = `wanted ${wantedText(result)}, found ${foundText(result)}`
  yield `  ${paint(status === 'pass' ? 'green' : 'red', status)}: ${verdict}`
  for (const text of [...(reason === undefined ? [] : [reason]), ...against]) yield `  ${oneLine(text)}`
  yield* endLines(result, explored, observation!, exploration, paint)
  const [first] = exploration.endings
  if (explored.shown.length === 0 && first !== undefined) yield `  ${paint('dim', plan.replay(result, first))}`
  for (const { anomaly, ends, says, replay } of shownLines(result, plan)) {
    yield `  ${paint('red', anomaly)} at ${ends} ends, for example`
    for (const text of says) yield `    ${text}`
    if (replay !== undefined) yield `    ${paint('dim', replay)}`
  }
}

/** What all ends share, then each: how it is reached, and what differs. */
function* endLines(
  { steps }: Result,
  { endings: found }: Explored,
  { baseline }: Observation,
  { endings }: Exploration,
  paint: Plan['paint'],
): Generator<string> {
  const changes = endings.map(ending => changesOf(ending, baseline))
  const names = [...new Set(changes.flatMap(change => Object.keys(change)))]
  const differs = (name: string) => changes.some(change => change[name] !== changes[0]![name])
  const shared = names.filter(name => !differs(name) && changes[0]![name] !== 0)
  if (shared.length > 0) yield `  every end: ${shared.map(name => changeText(name, changes[0]![name]!)).join(', ')}`
  const threads = (steps.find(({ verb }) => verb === 'race')?.args as RaceArgs | undefined)?.threads ?? []
  const answers = endings.map(({ race }) => race.map(one => answerOf(one, threads)))
  const common = new Set(answers[0]?.filter(text => answers.every(all => all.includes(text))))
  const rows = endings.map((_, i) => [
    ...names.filter(differs).map(name => changeText(name, changes[i]![name] ?? 0)),
    ...answers[i]!.filter(text => !common.has(text)),
  ])
  for (const [i, row] of rows.entries()) {
    yield `  ${found[i] === 'clean' ? 'clean' : paint('red', found[i]!)}: ${endings[i]!.schedule}`
    if (row.length > 0) yield `    ${row.join(', ')}`
  }
}

/** The change of every counter from where counting began to the last step of this end. */
function changesOf({ steps }: Ending, baseline: Counters): Counters {
  const last = Object.entries(steps.at(-1)?.counters ?? {})
  return Object.fromEntries(last.map(([name, now]) => [name, now - (baseline[name] ?? 0)]))
}

/** `splitter: split EBUSY` */
function answerOf({ thread, step, answer }: RaceSeen, threads: RaceArgs['threads']): string {
  const asked: Step | undefined = threads.find(({ name }) => name === thread)?.steps[step]
  return `${thread}: ${asked?.verb ?? step} ${answerText(answer)}`
}
