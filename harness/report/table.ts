// For people at a terminal: a line a case, what went otherwise than its verdict, and the summary matrix.

import type { Explored, Result } from '../check/result.ts'
import { Matrix } from './matrix.ts'
import { exploredText, foundText, shownLines } from './race.ts'
import type { Plan, Reporter } from './reporter.ts'
import { summaryLine, type Tally } from './tally.ts'
import { anomalyText, oneLine, positionOf, positionText, wantedText } from './words.ts'

const columns = 80

/** What is kept of a case's results until all of them are known. */
interface Row {
  points: number
  readonly found: Map<string, number>
  readonly others: Result[]
  readonly reasons: Map<string, number>
}

export function table(plan: Plan): Reporter {
  const rows = new Map<string, Row>()
  const matrix = new Matrix()
  return {
    *begin() {},
    *result(result) {
      matrix.add(result)
      keep(result, rows)
      if (plan.verbose) yield pointLine(result, plan)
    },
    *end(tally: Tally) {
      if (plan.verbose) yield ''
      const names = [...rows.keys()].sort()
      const width = Math.max(...names.map(name => name.length), 0)
      for (const name of names) yield* rowLines(name.padEnd(width), rows.get(name)!, plan)
      yield ''
      yield* matrix.lines(columns, plan.paint)
      yield ''
      yield summaryLine(tally)
    },
  }
}

function keep(result: Result, rows: Map<string, Row>): void {
  let row = rows.get(result.case.name)
  if (row === undefined) {
    row = { points: 0, found: new Map(), others: [], reasons: new Map() }
    rows.set(result.case.name, row)
  }
  row.points++
  if (result.status === 'pass') count(row.found, result.found)
  else if (result.status === 'config') count(row.reasons, result.reason ?? '')
  else row.others.push({ ...result, observation: undefined })
}

function count(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1)
}

/** `pass  thp/pin-fork  12 clean, 4 stale-dma`, and under it what needs a person. */
function* rowLines(name: string, { found, others, reasons }: Row, plan: Plan): Generator<string> {
  const { paint } = plan
  const parts = [...found].map(([what, n]) => `${n} ${what}`)
  const config = [...reasons.values()].reduce((a, b) => a + b, 0)
  if (config > 0) parts.push(`${config} config`)
  if (others.length > 0)
    yield `${paint('red', 'FAIL')}  ${name}  ${[`${others.length} not as it says`, ...parts].join(', ')}`
  else
    yield `${config > 0 && found.size === 0 ? paint('yellow', 'skip') : paint('green', 'pass')}  ${name}  ${parts.join(', ')}`
  for (const [reason, n] of reasons) yield paint('dim', `        config (${n}): ${oneLine(reason)}`)
  for (const result of others) yield* failure(result, plan)
}

/** What was looked at, and what leads to each kind of bad end. */
function* race(result: Result & { readonly explored: Explored }, plan: Plan): Generator<string> {
  yield `        ${exploredText(result)}`
  for (const { ends, schedule, says, replay } of shownLines(result, plan)) {
    yield `        ${schedule} (${ends} ends)`
    for (const text of says) yield `          ${text}`
    if (replay !== undefined) yield plan.paint('dim', `          replay: ${replay}`)
  }
}

function* failure(result: Result, plan: Plan): Generator<string> {
  const { paint } = plan
  const { point, subject, status, anomalies, against, reason, explored } = result
  yield `      ${paint('bold', `${point} ${subject}`)}`
  yield `        wanted ${wantedText(result)}, found ${status === 'fail' ? foundText(result) : status}`
  if (anomalies.length === 0) yield `        ${positionText(positionOf(result))}`
  if (reason !== undefined) yield `        ${oneLine(reason)}`
  for (const text of against) yield `        ${oneLine(text)}`
  if (explored === undefined) for (const anomaly of anomalies) yield `        ${oneLine(anomalyText(anomaly))}`
  else yield* race({ ...result, explored }, plan)
  yield paint('dim', `        again: ${plan.again(result)}`)
}

function pointLine({ point, subject, status, found, reason }: Result, { paint }: Plan): string {
  const word = status.padEnd(9)
  const coloured = status === 'pass' ? paint('green', word) : paint(status === 'config' ? 'yellow' : 'red', word)
  return `${coloured}  ${point} ${subject}: ${oneLine(reason ?? found)}`
}
