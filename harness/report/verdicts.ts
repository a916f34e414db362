// Verdicts of many points in a table: points of a case of which the same is said stand in one row.

import type { Values } from '../case/case.ts'
import type { Result } from '../check/result.ts'
import { isJudged } from './change.ts'
import { folded } from './fold.ts'
import { groupBy } from './group.ts'

/** A point, and what each column says of it. */
export interface Row {
  readonly case: string
  /** Patches on top of what the columns say: ` +470f119f0120`. */
  readonly top: string
  readonly values: Values
  readonly cells: readonly string[]
}

/** One point under several subjects; under one that there is not, undefined. */
export type Results = readonly (Result | undefined)[]

export function rowOf(results: Results, subjects: readonly string[]): Row {
  const { case: of, values, subject } = results[0]!
  const top = subject.slice(subjects[0]!.length)
  return {
    case: of.name,
    top: top === '' ? '' : ` ${top}`,
    values,
    cells: results.map(one => (one ? cellText(one) : '')),
  }
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
  const cases = groupBy(all, row => row.case + row.top)
  const groups = groupBy(rows, row => JSON.stringify([row.cells, row.case, row.top]))
  const named = [...groups.values()].flatMap(group => {
    const { case: name, top, cells } = group[0]!
    return namesOf(group, cases.get(name + top)!).map(name => ({ name: name + top, cells }))
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

/** Subjects by their numbers; what one adds to an earlier one is told as that: `4 (3)+swapcache-posted-m1`. */
export function numbered(subjects: readonly string[]): string[] {
  return subjects.map((name, i) => {
    const base = subjects.findLastIndex((other, j) => j < i && name.startsWith(`${other}+`))
    return `${i + 1} ${base < 0 ? name : `(${base + 1})${name.slice(subjects[base]!.length)}`}`
  })
}

type Told = { readonly name: string; readonly cells: readonly string[] }

/** A table under these titles; in fewer columns than it takes with initials for words, at last a row is two lines. */
export function* tableLines(titles: readonly string[], rows: readonly Told[], width: number): Generator<string> {
  if (rows.length === 0) return
  const label = Math.max(...rows.map(({ name }) => name.length))
  if (fits(titles, rows, label, width)) return yield* gridLines(titles, rows, label)
  const { short, meaning } = initials(rows)
  if (fits(titles, short, label, width)) yield* gridLines(titles, short, label)
  else
    for (const { name, cells } of short)
      yield* [`  ${name}`, ...folded(`      ${cells.map((cell, i) => `${titles[i]} ${cell}`).join('  ')}`, width, 6)]
  if (meaning !== '') yield* folded(`  (${meaning})`, width, 3)
}

const widthsOf = (titles: readonly string[], rows: readonly Told[]): number[] =>
  titles.map((title, i) => Math.max(title.length, ...rows.map(({ cells }) => cells[i]!.length)))

function fits(titles: readonly string[], rows: readonly Told[], label: number, width: number): boolean {
  return widthsOf(titles, rows).reduce((sum, w) => sum + w + 2, label + 2) <= width
}

function* gridLines(titles: readonly string[], rows: readonly Told[], label: number): Generator<string> {
  const widths = widthsOf(titles, rows)
  const line = (name: string, cells: readonly string[]) =>
    `  ${name.padEnd(label)}${cells.map((cell, i) => `  ${cell.padEnd(widths[i]!)}`).join('')}`.trimEnd()
  if (titles.some(title => title !== '')) yield line('', titles)
  for (const { name, cells } of rows) yield line(name, cells)
}

/** Initials of anomalies for their names, a dot for `clean`, and what they mean. */
function initials(rows: readonly Told[]): { readonly short: readonly Told[]; readonly meaning: string } {
  const codes = new Map<string, string>([['clean', '.']])
  const codeOf = (name: string): string => {
    const words = name.split('-')
    for (let n = 1; !codes.has(name); n++) {
      const code = words.map((word, i) => word[0]!.toUpperCase() + (i === 0 ? word.slice(1, n) : '')).join('')
      if (![...codes.values()].includes(code)) codes.set(name, code)
    }
    return codes.get(name)!
  }
  const short = rows.map(({ name, cells }) => {
    return { name, cells: cells.map(cell => cell.replace(/[a-z]+(?:-[a-z]+)*/g, codeOf)) }
  })
  return { short, meaning: [...codes].map(([name, code]) => `${code} ${name}`).join(', ') }
}
