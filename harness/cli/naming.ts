// The cases of the project that say certain names: of patches in a `when`, in `variants` or in `see`, of kernel
// functions in `see`.

import { readFileSync } from 'node:fs'
import type { Case } from '../case/case.ts'
import { filesToRead, wish } from './find.ts'
import { casesOf } from './load.ts'

export async function naming(names: readonly string[]): Promise<Case[]> {
  // Most files need not be parsed to know that they say none of these.
  const files = filesToRead(await wish([])).filter(file => saysAny(readFileSync(file, 'utf8'), names))
  return files.length === 0 ? [] : (await casesOf(files)).filter(one => isNaming(one, names))
}

export function isNaming({ ids, see, variants = [] }: Case, names: readonly string[]): boolean {
  return [...ids, ...see, ...variants].some(text => saysAny(text, names))
}

/** A name is letters, digits, _ and -. */
function saysAny(text: string, names: readonly string[]): boolean {
  const words = new Set(text.split(/[^\w-]+/))
  return names.some(name => words.has(name))
}
