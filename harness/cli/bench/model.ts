// One bench case in the model: prints the seconds that the engine needed, without start-up and reading the case.

import { judge } from '../../check/judge.ts'
import { casesOf } from '../load.ts'
import { groupsFor } from '../subjects.ts'

const [file = ''] = process.argv.slice(2)
const groups = await groupsFor(await casesOf([file]), { variant: ['v4.6'], kernel: [], patch: [] }, [])
const { engine, trials } = groups[0]!
const start = performance.now()
for await (const seen of engine.run(
  trials.map(({ point }) => point),
  { detail: false },
)) {
  const seconds = (performance.now() - start) / 1000
  const { status, found, reason } = judge(trials[0]!, seen)
  if (status !== 'pass') throw new Error(`${file}: ${found} ${reason ?? ''}`)
  process.stdout.write(`${seconds}\n`)
}
