// The hugetlb cases with pages of 2 MiB on the running kernel, once each, without races: prints how many test points
// were judged and how many seconds that took, without start-up and reading the cases; or why none was.

import { judge } from '../../check/judge.ts'
import { hasRace } from '../../kernel/program.ts'
import { casesOf } from '../load.ts'
import { groupsFor } from '../subjects.ts'

const MiB2 = 2 ** 21
const groups = await groupsFor(await casesOf(['hugetlb']), { variant: [], kernel: ['host'], patch: [] }, [])
const { engine, trials } = groups[0]!
const small = trials.filter(({ point }) => {
  const { hugepage, pools } = point.machine
  return !hasRace(point) && hugepage === MiB2 && pools.every(({ size }) => size === MiB2)
})
const start = performance.now()
let judged = 0
let next = 0
let why: string | undefined
const points = small.map(({ point }) => point)
for await (const seen of engine.run(points, { detail: false })) {
  const { status, reason } = judge(small[next++]!, seen)
  if (status === 'config') why ??= reason
  else judged++
}
process.stdout.write(judged > 0 ? `${judged} ${(performance.now() - start) / 1000}\n` : `${why}\n`)
