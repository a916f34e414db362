// mmfunc compare: the same points under two subjects, by what was found, whatever the verdicts want.

import type { Result } from '../check/result.ts'
import { type Change, changeOf, changes, isJudged } from '../report/change.ts'
import type { Paint } from '../report/reporter.ts'
import { groupOf } from './groups.ts'
import { executeOn, type JobsOptions, jobsOf } from './jobs.ts'
import { casesOf } from './load.ts'
import { paintFor } from './paint.ts'
import { loadPatches } from './patches.ts'
import { Progress } from './progress.ts'
import { interruption } from './signals.ts'
import { engineFor } from './subjects.ts'

export interface CompareOptions extends JobsOptions {
  readonly verbose?: boolean
}

interface Line {
  readonly change: Change
  readonly point: string
  readonly text: string
}

/** Gives the exit status: 1 if anything regressed. */
export async function compare(
  before: string,
  after: string,
  named: readonly string[],
  options: CompareOptions,
): Promise<number> {
  const jobs = jobsOf(options.jobs)
  const patches = await loadPatches(options.patch)
  const cases = await casesOf(
    named,
    patches.map(({ id }) => id),
  )
  const groups = [groupOf(await engineFor(before, []), cases), groupOf(await engineFor(after, patches), cases)] as const
  const signal = interruption()
  const progress = new Progress(groups[0].trials.length * 2)
  const results: Result[][] = [[], []]
  // All of the one before all of the other.
  for await (const result of executeOn(jobs, groups, options.patch, { detail: false, signal })) {
    const side = results[0]!.length < groups[0].trials.length ? 0 : 1
    results[side]!.push({ ...result, observation: undefined })
    progress.step(`${result.point} ${result.subject}`)
  }
  progress.clear()
  const lines = results[0]!.map((result, i) => compared(result, results[1]?.[i]))
  process.stdout.write(told(lines, options.verbose ?? false, paintFor(process.stdout)))
  return statusOf(results.flat(), lines, signal.aborted)
}

/** One point under both subjects, or only under one: the other was interrupted. */
function compared(before: Result, after: Result | undefined): Line {
  const { point, found } = before
  if (after === undefined) return { change: 'not compared', point, text: 'interrupted' }
  const change = changeOf(before, after)
  const mute = [before, after].find(({ status }) => !isJudged(status))
  if (mute !== undefined) return { change, point, text: `${mute.status} under ${mute.subject}: ${mute.reason}` }
  return { change, point, text: change === 'same' ? found : `${found} -> ${after.found}` }
}

function told(lines: readonly Line[], verbose: boolean, paint: Paint): string {
  const width = Math.max(0, ...lines.map(({ point }) => point.length))
  let text = ''
  for (const change of changes) {
    if (change === 'same' && !verbose) continue
    for (const line of lines.filter(one => one.change === change)) {
      text += `${paint(colours[change], change.padEnd(12))}  ${line.point.padEnd(width)}  ${line.text}\n`
    }
  }
  const counts = changes.map(change => `${lines.filter(one => one.change === change).length} ${change}`)
  return `${text}${lines.length} points: ${counts.join(', ')}\n`
}

const colours = { regressed: 'red', changed: 'yellow', fixed: 'green', 'not compared': 'dim', same: 'dim' } as const

function statusOf(results: readonly Result[], lines: readonly Line[], interrupted: boolean): number {
  if (interrupted) return 130
  if (results.some(({ status }) => status === 'bug')) return 99
  if (lines.some(({ change }) => change === 'regressed')) return 1
  if (results.some(({ status }) => status === 'no-answer')) return 3
  return lines.every(({ change }) => change === 'not compared') ? 4 : 0
}
