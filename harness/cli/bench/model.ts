// One bench case in the model, several times in one process: prints the seconds that the engine needed the first time,
// with code that is not compiled yet, and at best; without start-up and reading the case.

import { judge } from '../../check/judge.ts'
import { casesOf } from '../load.ts'
import { groupsFor } from '../subjects.ts'

const [file = ''] = process.argv.slice(2)
const groups = await groupsFor(await casesOf([file]), { variant: ['v4.6'], kernel: [], patch: [] }, [])
const { engine, trials } = groups[0]!
const times = 5
const seconds: number[] = []
const points = Array.from({ length: times }, () => trials[0]!.point)
let start = performance.now()
for await (const seen of engine.run(points, { detail: false })) {
  seconds.push((performance.now() - start) / 1000)
  const { status, found, reason } = judge(trials[0]!, seen)
  if (status !== 'pass') throw new Error(`${file}: ${found} ${reason ?? ''}`)
  start = performance.now()
}
process.stdout.write(`${seconds[0]} ${Math.min(...seconds)}\n`)
