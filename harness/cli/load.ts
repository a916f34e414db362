// From the words of a command line to cases, or to all problems of all files and exit status 2.

import type { Case } from '../case/case.ts'
import { loadCases } from '../case/load.ts'
import { pretty } from '../case/problem.ts'
import { anomalyNames } from '../check/anomalies.ts'
import { counterNames, history } from '../model/history/index.ts'
import type { Patch } from '../model/history/patch.ts'
import { choose, filesToRead, meansNothing, noSuchCase, projectFiles, wish } from './find.ts'
import { Refusal } from './refusal.ts'
import { whyNoVariant } from './variants.ts'

type Own = readonly Pick<Patch, 'id'>[]

/**
 * The cases that were named; all of the project's where none was. `own`: a person's own patches. `before`: told how
 * many files are going to be read.
 */
export async function casesOf(
  named: readonly string[],
  own: Own = [],
  before: (files: number) => void = () => {},
): Promise<Case[]> {
  const wished = await wish(named)
  const files = filesToRead(wished)
  before(files.length)
  const cases = read(files, own)
  const word = meansNothing(cases, wished)
  if (word !== undefined) throw noSuchCase(word, read(projectFiles(), own))
  if (cases.length === 0) throw new Refusal('no case matched')
  return choose(cases, wished)
}

function read(files: readonly string[], own: Own): Case[] {
  const { cases, problems } = loadCases(files, {
    ids: [...[...history.patches, ...own].map(({ id }) => id), ...history.allReleases],
    standsFor: history.standsFor,
    anomalies: anomalyNames,
    counters: counterNames,
    variants: whyNoVariant,
  })
  if (problems.length > 0) throw new Refusal(problems.flatMap(problem => [...pretty(problem)]).join('\n'), '')
  return cases
}
