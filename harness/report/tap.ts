// TAP 14: the plan first, one line a point, YAML under every line that has more to say; the summary as comments.

import { stringify } from 'yaml'
import type { Result } from '../check/result.ts'
import { Matrix } from './matrix.ts'
import { exploredText, foundText, shownLines } from './race.ts'
import { type Plan, plain, type Reporter } from './reporter.ts'
import { summaryLine, type Tally } from './tally.ts'
import { anomalyText, oneLine, positionOf, positionText, wantedText } from './words.ts'

/** For the matrix, less the comment sign. */
const columns = 78

export function tap(plan: Plan): Reporter {
  const names = new Set<string>()
  const matrix = new Matrix()
  let number = 0
  return {
    *begin() {
      yield 'TAP version 14'
      yield `1..${plan.points}${plan.points === 0 ? ' # no test points' : ''}`
    },
    *result(result) {
      matrix.add(result)
      const ok = result.status === 'pass' || result.status === 'config'
      const name = unique(`${result.point} ${result.subject}`, names)
      const skip = result.status === 'config' ? ` # SKIP ${escaped(result.reason ?? '')}` : ''
      yield `${ok ? 'ok' : 'not ok'} ${++number} - ${escaped(name)}${skip}`
      yield* indent(diagnostic(result, plan))
    },
    *end(tally: Tally) {
      if (tally.interrupted && number < plan.points) yield 'Bail out! interrupted'
      for (const line of matrix.lines(columns, plain)) yield `# ${line}`
      yield `# ${summaryLine(tally)}`
    },
  }
}

/** What stands under a point; a pass says only what it was told to find. */
function diagnostic(result: Result, plan: Plan): object | undefined {
  const { status, found, anomalies, against, reason, unseen, observation } = result
  if (status === 'config') return undefined
  const said = { ...(unseen.length > 0 && { unseen }) }
  const at = positionText(positionOf(result))
  if (status === 'pass') {
    if (found === 'clean' && unseen.length === 0 && !plan.verbose) return undefined
    return { at, found: foundText(result), ...said, ...(plan.verbose && race(result, plan)) }
  }
  return {
    at,
    wanted: wantedText(result),
    found: status === 'fail' ? foundText(result) : status,
    ...(reason !== undefined && { reason }),
    ...(against.length > 0 && { against }),
    ...(result.explored === undefined && anomalies.length > 0 && { anomalies: anomalies.map(anomalyText) }),
    ...race(result, plan),
    ...said,
    ...(observation && observation.log.length > 0 && { log: observation.log.slice(-200) }),
    again: plan.again(result),
  }
}

/** Of a point with a race: how much was looked at, and what leads to each kind of bad end. */
function race(result: Result, plan: Plan): object {
  const { explored } = result
  if (explored === undefined) return {}
  const shown = shownLines(result, plan)
  return { explored: exploredText({ ...result, explored }), ...(shown.length > 0 && { races: shown }) }
}

function* indent(diagnostic: object | undefined): Generator<string> {
  if (diagnostic === undefined) return
  yield '  ---'
  for (const line of stringify(diagnostic, { lineWidth: 0 }).trimEnd().split('\n')) yield `  ${line}`
  yield '  ...'
}

/** In a description and in a reason `#` and `\` would be read as TAP, and a line end as the point's. */
function escaped(text: string): string {
  return oneLine(text).replace(/[\\#]/g, '\\$&')
}

/** The name, or with a number behind it if it has been given before: consumers collapse points of equal names. */
function unique(name: string, given: Set<string>): string {
  let free = name
  for (let n = 2; given.has(free); n++) free = `${name} (${n})`
  given.add(free)
  return free
}
