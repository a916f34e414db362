// What `make locks` says: every lock that was left out, who noticed it or why nobody can, and whether that is all of
// them.

import { writeFileSync } from 'node:fs'
import type { schema } from '@stryker-mutator/api/core'
import type { Reporter } from '@stryker-mutator/api/report'
import { type Line, linesOf } from './reporter.ts'
import { type Unnoticed, unnoticed } from './unnoticed.ts'

/** All locks go to reports/locks.txt, those that nobody notices to stdout. */
export class LockReporter implements Reporter {
  onMutationTestReportReady(report: schema.MutationTestResult): void {
    const { all, told, count, ok } = judgeLocks([...linesOf(report)], Object.keys(report.files), unnoticed)
    writeFileSync('reports/locks.txt', all.map(line => `${line}\n`).join(''))
    const seconds = Math.round(performance.now() / 1000)
    process.stdout.write(
      `${told.map(line => `${line}\n`).join('')}# ${count}; all in reports/locks.txt; ${seconds} s\n`,
    )
    if (!ok) process.exitCode = 1
  }
}

/**
 * A lock that nobody notices and that has no reason is an error, and so is a reason that explains nothing. `files`:
 * what was looked at; a reason for any other may hold or not.
 */
export function judgeLocks(
  locks: readonly Line[],
  files: readonly string[],
  reasons: readonly Unnoticed[],
): { readonly all: readonly string[]; readonly told: readonly string[]; readonly count: string; readonly ok: boolean } {
  const stale = new Set(reasons.filter(({ file }) => files.includes(file)))
  const all: string[] = []
  const told: string[] = []
  let explained = 0
  for (const { text, noticed, file, change } of locks) {
    const reason = noticed ? undefined : reasons.find(r => r.file === file && change.startsWith(r.taken))
    if (reason !== undefined) explained++
    stale.delete(reason!)
    const line = reason === undefined ? text : `${text}: ${reason.because}`
    all.push(line)
    if (!noticed) told.push(line)
  }
  for (const { file, taken } of stale) told.push(`${file}: ${taken} has a reason, but is noticed or is not there`)
  const noticed = locks.filter(lock => lock.noticed).length
  const without = locks.length - noticed - explained
  const count = `${locks.length} locks, ${noticed} noticed, ${explained} with a reason, ${without} without`
  return { all, told, count, ok: without === 0 && stale.size === 0 }
}
