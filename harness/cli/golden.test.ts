// What every case gives in the model is what stands beside it; `make promote` rewrites that after a look.

import { existsSync, readFileSync } from 'node:fs'
import { globSync } from 'glob'
import t from 'tap'
import { execute } from './execute.ts'
import { goldenFiles, goldens } from './golden.ts'
import { groupOfFinding } from './replay.ts'
import { parseKept } from './schedules.ts'

t.test('every case gives what stands beside it', async t => {
  const known = new Set<string>()
  for await (const { file, text } of goldens()) {
    known.add(file)
    t.equal(existsSync(file) ? readFileSync(file, 'utf8') : '', text, file)
  }
  const lost = globSync(goldenFiles, { posix: true }).filter(file => !known.has(file))
  t.same(lost, [], 'no golden without its case')
})

t.test('every schedule that is kept shows what stands beside it', async t => {
  const { signal } = new AbortController()
  for (const file of globSync('cases/**/*.schedules', { posix: true })) {
    for (const { finding, shows } of parseKept(readFileSync(file, 'utf8'))) {
      const group = await groupOfFinding(finding, [])
      const exploring = { schedule: { text: finding.schedule, through: finding.through } }
      for await (const { found } of execute([group], { detail: false, exploring, signal }))
        t.equal(found, shows, `${file}: ${finding.point} ${finding.variant} ${finding.schedule}`)
    }
  }
})
