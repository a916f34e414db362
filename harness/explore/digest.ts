// What a schedule depends on, as a short digest: the source of the model, the functions of the variant, and the case.
// On any other the same turns would be other steps.

import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestPoint } from '../engine.ts'
import type { Variant } from '../model/history/index.ts'

/** Eight hexadecimal digits. */
export function digest({ machine, prime, steps }: TestPoint, { functions }: Variant): string {
  const source =
    digests.get(functions) ?? sha([model(), Object.entries(functions).map(([name, f]) => [name, String(f)])])
  digests.set(functions, source)
  return sha([source, machine, prime, steps]).slice(0, 8)
}

/** Of the functions of each variant that was asked for. */
const digests = new WeakMap<object, string>()

let ofModel: string | undefined

/** The programs of the model, and of the words by which steps enter it. */
function model(): string {
  if (ofModel !== undefined) return ofModel
  const hash = createHash('sha256')
  for (const file of [...programs('../model', true), ...programs('.', false)]) hash.update(readFileSync(file))
  ofModel = hash.digest('hex')
  return ofModel
}

function programs(path: string, recursive: boolean): string[] {
  const folder = fileURLToPath(new URL(path, import.meta.url))
  const names = readdirSync(folder, { recursive, encoding: 'utf8' }).sort()
  return names.filter(name => /(?<!\.test)\.[jt]s$/.test(name)).map(name => join(folder, name))
}

const sha = (what: unknown): string => createHash('sha256').update(JSON.stringify(what, withoutPlaces)).digest('hex')

/** Where and how a step is written down does not matter. */
const withoutPlaces = (key: string, value: unknown): unknown => (key === 'pos' || key === 'text' ? undefined : value)
