// mmfunc run: cases under variants of the model or on real kernels, judged and reported.

import type { Result } from '../check/result.ts'
import type { Course, Exploring } from '../engine.ts'
import { Count, exitOf, summaryLine } from '../report/tally.ts'
import { againCommand, replayCommand } from './again.ts'
import { type BoundOptions, exploringOf } from './bounds.ts'
import { countTrials, type Group } from './groups.ts'
import { executeOn, type Jobs, type JobsOptions, jobsOf, readied } from './jobs.ts'
import { casesOf } from './load.ts'
import { loadPatches } from './patches.ts'
import { Progress } from './progress.ts'
import { version } from './project.ts'
import { Refusal } from './refusal.ts'
import { parseReport, Reports, reportsOf, type Target, wantsDetail } from './reports.ts'
import { interruption } from './signals.ts'
import { groupsFor, isOfModel, type SubjectOptions } from './subjects.ts'

export interface RunOptions extends SubjectOptions, BoundOptions, JobsOptions {
  readonly report: readonly string[]
  readonly dryRun?: boolean
  readonly verbose?: boolean
}

/** Gives the exit status. */
export async function run(named: readonly string[], options: RunOptions): Promise<number> {
  const targets = reportsOf(options.report.map(parseReport))
  const exploring = exploringOf(options)
  let jobs = jobsOf(options.jobs)
  const patches = await loadPatches(options.patch)
  const cases = await casesOf(named, patches, files => {
    if (isOfModel(options)) jobs = readied(jobs, files)
  })
  await tellOfRestore()
  const groups = await groupsFor(cases, options, patches)
  if (countTrials(groups) === 0) throw new Refusal('no case matched')
  if (options.dryRun) return list(groups)
  return report(groups, targets, exploring, jobs, options)
}

/** The next run tells of what a killed one has left behind, on whatever engine it runs. */
async function tellOfRestore(): Promise<void> {
  const { isOwed, owedText } = await import('../kernel/borrowed.ts')
  if (isOwed()) process.stderr.write(`mmfunc: ${owedText}\n`)
}

function list(groups: readonly Group[]): number {
  let text = ''
  for (const { trials } of groups) for (const { point, subject } of trials) text += `${point.name} ${subject.name}\n`
  process.stdout.write(text)
  return 0
}

async function report(
  groups: readonly Group[],
  targets: readonly Target[],
  exploring: Exploring,
  jobs: Jobs,
  options: RunOptions,
): Promise<number> {
  const signal = interruption()
  const count = new Count()
  const points = countTrials(groups)
  const progress = new Progress(points)
  const plan = {
    version: version(),
    points,
    again: (result: Result) => againCommand(result, options.patch),
    replay: (result: Result, course: Course) => replayCommand(result, course, options.patch),
    verbose: options.verbose ?? false,
  }
  const reports = new Reports(targets, plan, () => progress.clear())
  await reports.begin()
  const how = { detail: wantsDetail(targets), exploring, signal }
  for await (const result of executeOn(jobs, groups, options.patch, how)) {
    count.add(result.status)
    await reports.result(result)
    if (result.status === 'bug')
      process.stderr.write(`mmfunc: bug in ${result.point} ${result.subject}: ${result.reason}\n`)
    progress.step(`${result.point} ${result.subject}`)
  }
  progress.clear()
  const tally = count.tally(signal.aborted)
  await reports.end(tally)
  if (!targets.some(({ file }) => file === '-')) process.stderr.write(`${summaryLine(tally)}\n`)
  return exitOf(tally)
}
