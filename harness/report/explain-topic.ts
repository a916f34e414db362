// What the patches of a folder of the history change, and what the versions of a thread come to.

import type { Result } from '../check/result.ts'
import { type Change, changeOf } from './change.ts'
import type { Look, PatchTold, Verdicts } from './explain.ts'
import { folded } from './fold.ts'
import { joined, legend, numbered, type Row, rowOf, tableLines } from './verdicts.ts'

export interface TopicExplained {
  readonly topic: string
  /** In the order of history, each with its cases without and with it. */
  readonly patches: readonly {
    readonly patch: PatchTold
    readonly subjects: readonly [without: string, having: string]
    readonly pairs: readonly (readonly [Result, Result])[]
  }[]
  readonly which: string
}

const marks: Readonly<Record<Change, string>> = {
  fixed: '+',
  regressed: '-',
  changed: '~',
  same: '.',
  'not compared': '?',
}

/** The patches, a line each, and what each changes: cases down, patches across. */
export function* topicLines({ topic, patches, which }: TopicExplained, { paint, width }: Look): Generator<string> {
  yield paint('bold', `${topic}: ${patches.length} patches`)
  const id = Math.max(...patches.map(({ patch }) => patch.id.length))
  for (const [i, { patch }] of patches.entries()) {
    const { release = 'posted' } = patch
    const line = `${String(i + 1).padStart(3)}  ${patch.id.padEnd(id)}  ${release.padEnd(7)}  ${patch.subject}`
    yield* folded(line, width, id + 15)
  }
  yield ''
  yield* folded(which, width, 2)
  const rows = new Map<string, Row & { readonly cells: string[] }>()
  for (const [column, { subjects, pairs }] of patches.entries()) {
    for (const pair of pairs) {
      const row = { ...rowOf(pair, subjects), cells: patches.map(() => '') }
      const key = pair[0].point + row.top
      const known = rows.get(key) ?? row
      rows.set(key, known)
      known.cells[column] = marks[changeOf(...pair)]
    }
  }
  const table = [...rows.values()]
  const telling = table.filter(({ cells }) => cells.some(cell => /[-+~]/.test(cell)))
  yield* marksLines(patches.length, joined(telling, table), width)
  const silent = table.length - telling.length
  yield paint(
    'dim',
    `+ fixed  - regressed  ~ something else  . the same  ? not compared; ${silent} points are the same all along`,
  )
}

/** A column of one letter for each patch, its number above it from top to bottom. */
function* marksLines(columns: number, rows: ReturnType<typeof joined>, width: number): Generator<string> {
  const label = Math.min(Math.max(0, ...rows.map(({ name }) => name.length)), width - 2 * columns - 4)
  const numbers = Array.from({ length: columns }, (_, i) => String(i + 1).padStart(String(columns).length))
  for (let i = 0; i < String(columns).length && rows.length > 0; i++)
    yield `  ${' '.repeat(label)} ${numbers.map(number => ` ${number[i]}`).join('')}`.trimEnd()
  for (const { name, cells } of rows) {
    const line = cells.map(cell => ` ${cell || ' '}`).join('')
    if (name.length <= label) yield `  ${name.padEnd(label)} ${line}`.trimEnd()
    else yield* [`  ${name}`, `  ${' '.repeat(label)} ${line}`.trimEnd()]
  }
}

export interface ThreadExplained {
  readonly topic: string
  /** The variants that it is about, oldest first. */
  readonly verdicts: Verdicts
}

/** Cases down, variants across; what is the same under all of them is only counted. */
export function* threadLines({ topic, verdicts }: ThreadExplained, { paint, width }: Look): Generator<string> {
  const { subjects, results, which } = verdicts
  const [, top = ''] = /^[^+]*(\+.*)$/.exec(topic) ?? []
  yield paint('bold', `${topic}: ${subjects.length} variants${top === '' ? '' : `, each with ${top}`}`)
  const bare = subjects.map(name => (name.endsWith(top) ? name.slice(0, name.length - top.length) : name))
  for (const line of numbered(bare)) yield* folded(`  ${line}`, width, 6)
  yield ''
  yield* folded(`${which}: ${results.length} points`, width, 2)
  const all = results.map(row => rowOf(row, subjects))
  const telling = all.filter(({ cells }) => new Set(cells.filter(cell => cell !== '?')).size > 1)
  const titles = subjects.map((_, i) => String(i + 1))
  yield* tableLines(titles, joined(telling, all), width)
  const marks = legend(telling.flatMap(({ cells }) => cells))
  yield paint('dim', `${all.length - telling.length} the same all along${marks === '' ? '' : `; ${marks}`}`)
}
