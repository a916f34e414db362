import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { projectPath } from './places.ts'
import { readSettings } from './settings.ts'

/** What the probe writes to that keeps nothing: one look, one act. */
const acts = ['/proc/self/clear_refs', '/proc/sys/vm/compact_memory', '/sys/kernel/debug/split_huge_pages']

t.test('every file that the probe writes is among the settings that are given back', async t => {
  const folder = projectPath('harness/kernel/probe')
  const sources = readdirSync(folder).filter(name => name.endsWith('.c'))
  const written = sources.flatMap(name =>
    [...readFileSync(join(folder, name), 'utf8').matchAll(/write_path\("([^"]+)"/g)].map(([, path]) => path!),
  )
  const root = t.testdir()
  for (const path of written) {
    mkdirSync(join(root, path, '..'), { recursive: true })
    writeFileSync(join(root, path), '1')
  }
  const known = readSettings(root).map(({ path }) => `/${path}`)
  t.ok(written.length > 5)
  t.strictSame(
    [...new Set(written)].filter(path => !acts.includes(path) && !known.includes(path)),
    [],
  )
})
