// What became of a verdict from one subject to another, whatever the case wants.

import type { Result, Status } from '../check/result.ts'
import { oneLine } from './words.ts'

export const changes = ['regressed', 'changed', 'fixed', 'not compared', 'same'] as const
export type Change = (typeof changes)[number]

/** A point that either could not judge is not compared. */
export function changeOf(before: Result, after: Result): Change {
  if (!isJudged(before.status) || !isJudged(after.status)) return 'not compared'
  if (before.found === after.found) return 'same'
  if (before.found === 'clean') return 'regressed'
  return after.found === 'clean' ? 'fixed' : 'changed'
}

/** Of two results that are not compared. */
export function whyNotCompared(...results: readonly Result[]): string {
  const { status, subject, reason = '' } = results.find(one => !isJudged(one.status))!
  return `${status} under ${subject}: ${oneLine(reason)}`
}

export const colourOf = {
  regressed: 'red',
  changed: 'yellow',
  fixed: 'green',
  'not compared': 'dim',
  same: 'dim',
} as const

export function isJudged(status: Status): boolean {
  return status === 'pass' || status === 'fail'
}
