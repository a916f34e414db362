// Goldens: beside each case the TAP that it gives under its usual variants in the model, and the simplest schedule to
// each anomaly of its race.

import type { Case } from '../case/case.ts'
import type { Result } from '../check/result.ts'
import type { Course } from '../engine.ts'
import { plain } from '../report/reporter.ts'
import { Count } from '../report/tally.ts'
import { tap } from '../report/tap.ts'
import { againCommand, replayCommand } from './again.ts'
import { execute } from './execute.ts'
import { countTrials } from './groups.ts'
import { casesOf } from './load.ts'
import { root } from './project.ts'
import { keptLines } from './schedules.ts'
import { groupsFor } from './subjects.ts'

/** What goldens end with. */
export const goldenFiles = 'cases/**/*.{expected.tap,schedules}'

export interface Golden {
  /** `cases/thp/pin-fork.expected.tap` */
  readonly file: string
  readonly text: string
}

/** The goldens of every case of the project, as they are now. The working directory becomes the project's. */
export async function* goldens(): AsyncGenerator<Golden> {
  process.chdir(root)
  for (const one of await casesOf([])) {
    const { text, schedules } = await goldenOf(one)
    const file = one.file.replace(/\.ya?ml$/, '')
    yield { file: `${file}.expected.tap`, text }
    if (schedules.length > 0) yield { file: `${file}.schedules`, text: lines(schedules) }
  }
}

async function goldenOf(one: Case): Promise<{ readonly text: string; readonly schedules: readonly string[] }> {
  const groups = await groupsFor([one], { variant: [], kernel: [], patch: [] }, [])
  const again = (result: Result) => againCommand(result, [])
  const replay = (result: Result, course: Course) => replayCommand(result, course, [])
  const reporter = tap({ version: '', points: countTrials(groups), again, replay, verbose: false, paint: plain })
  const count = new Count()
  const said = [...reporter.begin()]
  const schedules: string[] = []
  for await (const result of execute(groups, { detail: false, signal: new AbortController().signal })) {
    count.add(result.status)
    said.push(...reporter.result(result))
    schedules.push(...keptLines(result))
  }
  said.push(...reporter.end(count.tally(false)))
  return { text: lines(said), schedules }
}

function lines(all: readonly string[]): string {
  return `${all.join('\n')}\n`
}
