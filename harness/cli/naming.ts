// The cases of the project that say certain names: of patches in a `when`, in `variants` or in `see`, of kernel functions in `see`.

import { readFileSync } from 'node:fs'
import type { Case } from '../case/case.ts'
import { filesToRead, wish } from './find.ts'
import { casesOf } from './load.ts'

export async function naming(names: readonly string[]): Promise<Case[]> {
  const anyOf = new RegExp(`(?<![\\w-])(?:${names.join('|')})(?![\\w-])`)
  // Most files need not be parsed to know that they say none of these.
  const files = filesToRead(await wish([])).filter(file => anyOf.test(readFileSync(file, 'utf8')))
  if (files.length === 0) return []
  const cases = await casesOf(files)
  return cases.filter(({ ids, see, variants = [] }) => [...ids, ...see, ...variants].some(text => anyOf.test(text)))
}
