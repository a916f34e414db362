// Stryker's results as lines: each mutant with its place, what was changed, and the case that noticed it.

import { writeFileSync } from 'node:fs'
import type { schema } from '@stryker-mutator/api/core'
import type { Reporter } from '@stryker-mutator/api/report'

/** All mutants go to reports/mutants.txt, those that no case notices to stdout. */
export class MutantReporter implements Reporter {
  onMutationTestReportReady(report: schema.MutationTestResult): void {
    const lines = [...linesOf(report)]
    writeFileSync('reports/mutants.txt', `${lines.map(({ text }) => text).join('\n')}\n`)
    const unnoticed = lines.filter(({ noticed }) => !noticed).map(({ text }) => `${text}\n`)
    const share = ((100 * (lines.length - unnoticed.length)) / Math.max(lines.length, 1)).toFixed(1)
    process.stdout.write(
      `${unnoticed.join('')}# ${lines.length} mutants, ${unnoticed.length} unnoticed: ${share} % noticed in ${Math.round(performance.now() / 1000)} s; all in reports/mutants.txt\n`,
    )
  }
}

export interface Line {
  readonly file: string
  readonly change: string
  readonly text: string
  readonly noticed: boolean
}

/** In the order of files and places. */
export function* linesOf({ files, testFiles = {} }: schema.MutationTestResult): Generator<Line> {
  const names = new Map(Object.values(testFiles).flatMap(({ tests }) => tests.map(({ id, name }) => [id, name])))
  for (const [file, { source, mutants }] of Object.entries(files)) {
    const rows = source.split('\n')
    const tried = mutants
      .filter(({ status }) => status !== 'Ignored')
      .map(mutant => ({ mutant, ...changeOf(mutant, rows) }))
    for (const { mutant, line, column, change } of tried.sort((a, b) => a.line - b.line || a.column - b.column)) {
      const noticed = mutant.status !== 'Survived' && mutant.status !== 'NoCoverage'
      yield { file, change, text: `${file}:${line}:${column}: ${change}: ${fateOf(mutant, names)}`, noticed }
    }
  }
}

interface Change {
  readonly line: number
  readonly column: number
  readonly change: string
}

/** What was changed, and where; a lock that was left out says so itself, in a comment. */
function changeOf(
  { location: { start, end }, replacement = '' }: schema.MutantResult,
  rows: readonly string[],
): Change {
  const said = /^\/\*(\d+):(\d+)-(\d+) (\w+)\*\//.exec(replacement)
  if (said !== null) {
    const [line, column, end] = said.slice(1, 4).map(Number) as [number, number, number]
    return {
      line,
      column,
      change: `${said[4]}: ${short(rows[line - 1]!.slice(column - 1, end - 1))} and its release left out`,
    }
  }
  const old = rows.slice(start.line - 1, end.line)
  old[old.length - 1] = old.at(-1)!.slice(0, end.column - 1)
  old[0] = old[0]!.slice(start.column - 1)
  const was = short(old.join('\n'))
  return { ...start, change: replacement === ';' ? `${was} left out` : `${was} -> ${short(replacement)}` }
}

/** On one line, and not too long for it. */
function short(code: string): string {
  const line = code.replaceAll(/\s+/g, ' ')
  return `\`${line.length > 60 ? `${line.slice(0, 57)}...` : line}\``
}

function fateOf(
  { status, statusReason, killedBy, coveredBy }: schema.MutantResult,
  names: ReadonlyMap<string, string>,
): string {
  switch (status) {
    case 'Killed':
      return `noticed by ${killedBy?.map(id => names.get(id) ?? id).join(', ')}${statusReason ? ` (${statusReason})` : ''}`
    case 'Survived':
      return `UNNOTICED by the ${coveredBy?.length ?? 0} points that come by`
    case 'NoCoverage':
      return 'UNNOTICED, no point comes by'
    default:
      return `noticed: ${status.toLowerCase()}`
  }
}
