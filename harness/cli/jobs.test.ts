// Threads change how long a run takes, and nothing else.

import { execFile } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { jobsOf } from './jobs.ts'

const main = fileURLToPath(new URL('./main.js', import.meta.url))
const cwd = fileURLToPath(new URL('../../..', import.meta.url))

t.test('as many jobs as were asked for, else as there are CPUs', async t => {
  t.same(jobsOf('3'), { threads: 3, asked: true })
  t.same(jobsOf(undefined), { threads: Math.min(64, availableParallelism()), asked: false })
  for (const text of ['0', '-1', '1.5', 'two', '65', '']) t.throws(() => jobsOf(text), /--jobs is a whole/)
})

t.test('one job and three: every byte of a report is the same', async t => {
  const run = async (jobs: string): Promise<string> => {
    const args = ['run', 'migration', '--variant', 'v4.5', '--jobs', jobs, '--report', 'json']
    const { stdout } = await promisify(execFile)(process.execPath, [main, ...args], { cwd, maxBuffer: 2 ** 28 })
    return stdout
  }
  const [one, three] = [await run('1'), await run('3')]
  t.ok(one === three)
  t.ok(JSON.parse(one).summary.pass > 20)
})
