// What every case gives in the model is what stands beside it; `make promote` rewrites that after a look.

import { existsSync, readFileSync } from 'node:fs'
import { globSync } from 'glob'
import t from 'tap'
import { goldens } from './golden.ts'

t.test('every case gives what stands beside it', async t => {
  const known = new Set<string>()
  for await (const { file, text } of goldens()) {
    known.add(file)
    t.equal(existsSync(file) ? readFileSync(file, 'utf8') : '', text, file)
  }
  const lost = globSync('cases/**/*.expected.tap', { posix: true }).filter(file => !known.has(file))
  t.same(lost, [], 'no golden without its case')
})
