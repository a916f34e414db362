// mmfunc compare: the same points under two subjects, by what was found, whatever the verdicts want.

import type { Result } from '../check/result.ts'
import { type Compared, compared, compareLines } from '../report/compare.ts'
import { groupOf } from './groups.ts'
import { executeOn, type JobsOptions, jobsOf } from './jobs.ts'
import { casesOf } from './load.ts'
import { paintFor } from './paint.ts'
import { loadPatches } from './patches.ts'
import { print } from './print.ts'
import { Progress } from './progress.ts'
import { interruption } from './signals.ts'
import { engineFor } from './subjects.ts'

export interface CompareOptions extends JobsOptions {
  readonly verbose?: boolean
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
  const cases = await casesOf(named, patches)
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
  print(compareLines(lines, options.verbose ?? false, paintFor(process.stdout)))
  return statusOf(results.flat(), lines, signal.aborted)
}

function statusOf(results: readonly Result[], lines: readonly Compared[], interrupted: boolean): number {
  if (interrupted) return 130
  if (results.some(({ status }) => status === 'bug')) return 99
  if (lines.some(({ change }) => change === 'regressed')) return 1
  if (results.some(({ status }) => status === 'no-answer')) return 3
  return lines.every(({ change }) => change === 'not compared') ? 4 : 0
}
