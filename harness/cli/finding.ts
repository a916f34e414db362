// A finding in one line, to be kept and to be run again: `POINT VARIANT DIGEST SCHEDULE`.
//
//   mlock/munlock-split[hpage_nr=4] v3.8 1f3a90bc munlocker 4 · splitter 2 · munlocker

import { resolve, sep } from 'node:path'
import type { Case } from '../case/case.ts'
import type { Result } from '../check/result.ts'
import type { Course } from '../engine.ts'
import { casesFolder } from './project.ts'
import { Refusal } from './refusal.ts'

export interface RaceFinding {
  /** The name of a test point; of a case that is not the project's, its file stands for its name. */
  readonly point: string
  readonly variant: string
  /** Digest of the steps that the schedule comes through: where they are others, it means nothing. */
  readonly through: string
  readonly schedule: string
}

export function findingLine({ point, variant, through, schedule }: RaceFinding): string {
  return `${point} ${variant} ${through} ${schedule}`
}

/** The finding that `line` says, or a refusal. */
export function parseFinding(line: string): RaceFinding {
  const found = /^(\S.*?) (v\d\S*) ([0-9a-f]{8}) (\S.*)$/.exec(line.trim())
  if (found === null)
    throw new Refusal(
      `"${line}" is no finding; it looks like: POINT VARIANT DIGEST munlocker 4 · splitter 2 · munlocker; mmfunc explore CASE --variant V finds them`,
    )
  const [, point = '', variant = '', through = '', schedule = ''] = found
  return { point, variant, through, schedule }
}

/** The finding that a schedule is, of a point whose race was explored. */
export function findingOf(result: Result, { schedule, through }: Course): RaceFinding {
  const { case: of, point, subject } = result
  const word = `${caseWord(of)}${point.slice(of.name.length)}`
  return { point: word, variant: subject, through, schedule }
}

/** What names the case on a command line, from whatever folder. */
export function caseWord({ file, name }: Pick<Case, 'file' | 'name'>): string {
  return resolve(file).startsWith(casesFolder + sep) ? name : file
}

/** The word of the case, and the name of the point behind it. */
export function splitPoint(point: string): { readonly word: string; readonly values: string } {
  const bracket = point.endsWith(']') ? point.lastIndexOf('[') : point.length
  return { word: point.slice(0, bracket), values: point.slice(bracket) }
}
