// Schedules that are kept beside a case: `X.schedules`, a finding a line and what it shows.
//
//   mlock/munlock-split[hpage_nr=4] v3.8 1f3a90bc munlocker 4 · splitter  # counter-drift

import type { Result } from '../check/result.ts'
import { findingLine, findingOf, parseFinding, type RaceFinding } from './finding.ts'

export interface Kept {
  readonly finding: RaceFinding
  /** The anomaly that it comes to. */
  readonly shows?: string
}

/** The simplest schedule to each anomaly of a race, one line each. */
export function keptLines(result: Result): string[] {
  const shown = result.explored?.shown ?? []
  return shown.map(one => `${findingLine(findingOf(result, one))}  # ${one.name}`)
}

export function parseKept(text: string): Kept[] {
  const lines = text.split('\n').filter(line => line.trim() !== '')
  return lines.map(line => {
    const at = line.lastIndexOf('  # ')
    if (at < 0) return { finding: parseFinding(line) }
    return { finding: parseFinding(line.slice(0, at)), shows: line.slice(at + 4).trim() }
  })
}
