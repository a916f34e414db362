// Where this package lives, and what it calls itself.

import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of our package.json, above `harness` and above `dist/harness` alike. */
export const root = findRoot(dirname(fileURLToPath(import.meta.url)))

/** The cases that come with the project. */
export const casesFolder = join(root, 'cases')

export function version(): string {
  const text = readFileSync(join(root, 'package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

/** A path as a person at this prompt would type it: relative where that does not climb. */
export function shown(path: string): string {
  const short = relative(process.cwd(), path)
  return short === '..' || short.startsWith(`..${sep}`) ? path : short
}

function findRoot(from: string): string {
  let folder = from
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder)
  return folder
}
