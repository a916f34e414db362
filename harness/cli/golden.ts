// Goldens: beside each case the TAP that it gives under its usual variants in the model.

import type { Case } from '../case/case.ts'
import type { Result } from '../check/result.ts'
import { plain } from '../report/reporter.ts'
import { Count } from '../report/tally.ts'
import { tap } from '../report/tap.ts'
import { againCommand, replayCommand } from './again.ts'
import { execute } from './execute.ts'
import { countTrials } from './groups.ts'
import { casesOf } from './load.ts'
import { root } from './project.ts'
import { groupsFor } from './subjects.ts'

export interface Golden {
  /** `cases/thp/pin-fork.expected.tap` */
  readonly file: string
  readonly text: string
}

/** The golden of every case of the project, as it is now. The working directory becomes the project's. */
export async function* goldens(): AsyncGenerator<Golden> {
  process.chdir(root)
  for (const one of await casesOf([]))
    yield { file: one.file.replace(/\.ya?ml$/, '.expected.tap'), text: await tapOf(one) }
}

async function tapOf(one: Case): Promise<string> {
  const groups = await groupsFor([one], { variant: [], kernel: [], patch: [] }, [])
  const again = (result: Result) => againCommand(result, [])
  const replay = (result: Result, schedule: string) => replayCommand(result, schedule, [])
  const reporter = tap({ version: '', points: countTrials(groups), again, replay, verbose: false, paint: plain })
  const count = new Count()
  const lines = [...reporter.begin()]
  for await (const result of execute(groups, { detail: false, signal: new AbortController().signal })) {
    count.add(result.status)
    lines.push(...reporter.result(result))
  }
  lines.push(...reporter.end(count.tally(false)))
  return `${lines.join('\n')}\n`
}
