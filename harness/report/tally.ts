// How many points ended how, and what that means for the exit status.

import type { Status } from '../check/result.ts'

export type Tally = Readonly<Record<Status, number>> & { readonly interrupted: boolean }

/** Exit statuses of a run, with their meaning. */
export const exits = {
  0: 'all as the verdicts say',
  1: 'something else than the verdict',
  3: 'a point ended without an answer',
  4: 'nothing was judged',
  99: 'a bug of mmfunc',
  130: 'interrupted',
} as const

export type ExitStatus = keyof typeof exits

/** The worst that happened; being interrupted and a bug of our own come before what was found. */
export function exitOf(tally: Tally): ExitStatus {
  if (tally.interrupted) return 130
  if (tally.bug > 0) return 99
  if (tally.fail > 0) return 1
  if (tally['no-answer'] > 0) return 3
  return tally.pass === 0 ? 4 : 0
}

const words: readonly (readonly [Status, string])[] = [
  ['pass', 'pass'],
  ['fail', 'fail'],
  ['config', 'config'],
  ['no-answer', 'no answer'],
  ['bug', 'bug'],
]

/** `960 points: 950 pass, 10 config; exit 0: all as the verdicts say` */
export function summaryLine(tally: Tally): string {
  const total = words.reduce((sum, [status]) => sum + tally[status], 0)
  const parts = words.filter(([status]) => tally[status] > 0).map(([status, word]) => `${tally[status]} ${word}`)
  const status = exitOf(tally)
  const list = parts.length > 0 ? `: ${parts.join(', ')}` : ''
  return `${total} ${total === 1 ? 'point' : 'points'}${list}; exit ${status}: ${exits[status]}`
}

/** Counts as results come. */
export class Count {
  readonly #by: Record<Status, number> = { pass: 0, fail: 0, config: 0, 'no-answer': 0, bug: 0 }

  add(status: Status): void {
    this.#by[status]++
  }

  tally(interrupted: boolean): Tally {
    return { ...this.#by, interrupted }
  }
}
