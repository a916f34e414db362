// The folders of the history, by which the patches to one part of the mm lie together.

import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Patch } from './patch.ts'
import { patches } from './releases.ts'

const here = dirname(fileURLToPath(import.meta.url))

export function folderNames(): string[] {
  const entries = readdirSync(here, { withFileTypes: true })
  return entries.flatMap(entry => (entry.isDirectory() ? [entry.name] : [])).sort()
}

/** In the order of history. Their modules are loaded already, by releases.ts. */
export async function patchesIn(folder: string): Promise<Patch[]> {
  const found = new Set<unknown>()
  for (const file of readdirSync(join(here, folder), { recursive: true, encoding: 'utf8' })) {
    if (!isModule.test(file)) continue
    const module: object = await import(pathToFileURL(join(here, folder, file)).href)
    for (const value of Object.values(module)) found.add(value)
  }
  return patches.filter(patch => found.has(patch))
}

/** Of the sources only when they are run as they are. */
const isModule = import.meta.url.endsWith('.ts') ? /(?<!\.test|\.d)\.ts$/ : /(?<!\.test)\.js$/
