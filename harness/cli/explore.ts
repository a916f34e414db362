// mmfunc explore: all ways in which the races of cases may go, and every distinct end with its schedule.

import type { Trial } from '../check/judge.ts'
import type { Result } from '../check/result.ts'
import type { Course } from '../engine.ts'
import { exploreLines } from '../report/explore.ts'
import { Count, exitOf, summaryLine } from '../report/tally.ts'
import { replayCommand } from './again.ts'
import { type BoundOptions, exploringOf } from './bounds.ts'
import { countTrials } from './groups.ts'
import { executeOn, type JobsOptions, jobsOf } from './jobs.ts'
import { casesOf } from './load.ts'
import { paintFor } from './paint.ts'
import { loadPatches } from './patches.ts'
import { print } from './print.ts'
import { Progress } from './progress.ts'
import { Refusal } from './refusal.ts'
import { interruption } from './signals.ts'
import { groupsFor } from './subjects.ts'

export interface ExploreOptions extends BoundOptions, JobsOptions {
  /** A kernel function: only list where another CPU may come in in it. */
  readonly points?: string
  readonly variant: readonly string[]
}

/** Gives the exit status, as `run` does. */
export async function explore(named: readonly string[], options: ExploreOptions): Promise<number> {
  const exploring = exploringOf(options)
  const jobs = jobsOf(options.jobs)
  const patches = await loadPatches(options.patch)
  const cases = await casesOf(named, patches)
  const all = await groupsFor(cases, { ...options, kernel: [] }, patches)
  const groups = all.map(({ engine, trials }) => ({ engine, trials: trials.filter(hasRace) }))
  if (countTrials(groups) === 0) throw new Refusal('no race in these cases; mmfunc run runs those without')
  if (options.points !== undefined) {
    const { listPoints } = await import('./points.ts')
    return listPoints(options.points, groups, exploring, patches)
  }
  const signal = interruption()
  const progress = new Progress(countTrials(groups))
  const paint = paintFor(process.stdout)
  const replay = (result: Result, course: Course) => replayCommand(result, course, options.patch)
  const count = new Count()
  for await (const result of executeOn(jobs, groups, options.patch, { detail: false, exploring, signal })) {
    count.add(result.status)
    progress.clear()
    print(exploreLines(result, { replay, paint }))
    progress.step(`${result.point} ${result.subject}`)
  }
  progress.clear()
  const tally = count.tally(signal.aborted)
  print([summaryLine(tally)])
  return exitOf(tally)
}

function hasRace({ point }: Trial): boolean {
  return point.steps.some(({ verb }) => verb === 'race')
}
