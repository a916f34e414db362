// The house: imports point down only.

import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { globSync } from 'glob'
import t from 'tap'

/** From the roof to the ground; rooms of one floor do not know each other. */
const floors = [['cli'], ['report'], ['check'], ['case', 'explore', 'kernel'], ['steps'], ['model'], ['engine.ts']]

const harness = join(dirname(fileURLToPath(import.meta.url)), '../../harness')

const roomOf = (file: string): string => relative(harness, file).split('/')[0]!
const floorOf = (room: string): number => floors.findIndex(rooms => rooms.includes(room))

t.test('imports point down only', async t => {
  const files = globSync('**/*.ts', { cwd: harness, absolute: true, ignore: '**/*.test.ts' })
  t.ok(files.length > 100)
  const up: string[] = []
  for (const file of files) {
    for (const [, path] of readFileSync(file, 'utf8').matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)) {
      const [from, to] = [roomOf(file), roomOf(join(dirname(file), path!))]
      if (from !== to && floorOf(to) <= floorOf(from)) up.push(`${relative(harness, file)} -> ${path}`)
    }
  }
  t.same(up, [])
})
