// What became of a verdict from one subject to another, whatever the case wants.

import type { Result, Status } from '../check/result.ts'

export const changes = ['regressed', 'changed', 'fixed', 'not compared', 'same'] as const
export type Change = (typeof changes)[number]

/** A point that either could not judge is not compared. */
export function changeOf(before: Result, after: Result): Change {
  if (!isJudged(before.status) || !isJudged(after.status)) return 'not compared'
  if (before.found === after.found) return 'same'
  if (before.found === 'clean') return 'regressed'
  return after.found === 'clean' ? 'fixed' : 'changed'
}

export function isJudged(status: Status): boolean {
  return status === 'pass' || status === 'fail'
}
