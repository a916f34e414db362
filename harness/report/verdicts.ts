// Verdicts of many points in a table: points of a case of which the same is said stand in one row.

import type { Values } from '../case/case.ts'
import type { Result } from '../check/result.ts'
import { isJudged } from './change.ts'
import { groupBy } from './group.ts'

/** A point, and what each column says of it. */
export interface Row {
  readonly case: string
  readonly values: Values
  readonly cells: readonly string[]
}

/** `clean`, `stale-dma`; `*` now so, now otherwise; `?` not judged. */
export function cellText({ status, found, how, explored }: Result): string {
  if (status === 'config') return '?'
  if (!isJudged(status)) return status
  const names = explored?.shown.map(({ name }) => name) ?? []
  return `${names.length > 0 ? names.join('/') : found}${how === 'sometimes' ? '*' : ''}`
}

const marks = [
  ['*', 'now so, now otherwise'],
  ['!', 'not what the case says'],
  ['?', 'not judged'],
] as const

/** What the marks in these cells mean. */
export function legend(cells: readonly string[]): string {
  const used = marks.filter(([mark]) => cells.some(cell => cell.includes(mark)))
  return used.map(([mark, meaning]) => `${mark} ${meaning}`).join(', ')
}

/**
 * One row for the points of a case that have the same cells, by a name for all of them; alike rows next to each other.
 * `all`: what else there is of these cases.
 */
export function joined(
  rows: readonly Row[],
  all: readonly Row[],
): { readonly name: string; readonly cells: readonly string[] }[] {
  const cases = groupBy(all, row => row.case)
  const groups = groupBy(rows, row => JSON.stringify([row.cells, row.case]))
  const named = [...groups.values()].flatMap(group => {
    const whole = cases.get(group[0]!.case)!
    return namesOf(group, whole).map(name => ({ name, cells: group[0]!.cells }))
  })
  const key = ({ cells, name }: (typeof named)[number]) => `${cells.map(cell => cell || LAST).join(' ')} ${name}`
  return named.sort((a, b) => (key(a) < key(b) ? -1 : 1))
}

/** Where nothing is said sorts behind everything that may be. */
const LAST = '\x7f'

/** `thp/wp-pte` if it is all its points, `thp/wp-pte[by=mprotect|clear-refs]` if a product of values, else each. */
function namesOf(group: readonly Row[], whole: readonly Row[]): string[] {
  const name = group[0]!.case
  if (group.length === whole.length) return [name]
  const axes = Object.keys(group[0]!.values).map(axis => {
    const among = new Set(group.map(({ values }) => values[axis]!))
    return { axis, among: [...among], isAll: among.size === new Set(whole.map(({ values }) => values[axis]!)).size }
  })
  const product = axes.reduce((size, { among }) => size * among.length, 1)
  if (product !== group.length) return group.flatMap(row => namesOf([row], whole))
  const told = axes.filter(({ isAll }) => !isAll).map(({ axis, among }) => `${axis}=${among.join('|')}`)
  return [`${name}[${told.join(',')}]`]
}

/** A table under these titles in so many columns of a terminal; where it does not fit, a row is two lines. */
export function* tableLines(
  titles: readonly string[],
  rows: readonly { readonly name: string; readonly cells: readonly string[] }[],
  width: number,
): Generator<string> {
  const label = Math.max(0, ...rows.map(({ name }) => name.length))
  const widths = titles.map((title, i) => Math.max(title.length, ...rows.map(({ cells }) => cells[i]!.length)))
  const fits = label + widths.reduce((sum, w) => sum + w + 2, 2) <= width
  const line = (cells: readonly string[]) => cells.map((cell, i) => `  ${cell.padEnd(widths[i]!)}`).join('')
  if (fits && titles.some(title => title !== '')) yield `  ${' '.repeat(label)}${line(titles)}`.trimEnd()
  for (const { name, cells } of rows) {
    if (fits) yield `  ${name.padEnd(label)}${line(cells)}`.trimEnd()
    else yield* [`  ${name}`, `      ${cells.map((cell, i) => `${titles[i]} ${cell}`).join('  ')}`]
  }
}
