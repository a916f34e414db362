// `make promote`: what the cases give now becomes what they are expected to give. To be read before it is committed.

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { globSync } from 'glob'
import { goldenFiles, goldens } from './golden.ts'

const left = new Set(globSync(goldenFiles, { posix: true }))
for await (const { file, text } of goldens()) {
  left.delete(file)
  if (existsSync(file) && readFileSync(file, 'utf8') === text) continue
  writeFileSync(file, text)
  process.stdout.write(`${file}\n`)
}
for (const file of left) {
  rmSync(file)
  process.stdout.write(`${file} removed: no case gives it\n`)
}
