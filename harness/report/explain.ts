// What a patch, a topic or a case comes to, in lines for a person. All verdicts and states are from runs.

import type { Case } from '../case/case.ts'
import { type Change, changeOf, colourOf, whyNotCompared } from './change.ts'
import { folded } from './fold.ts'
import { groupBy } from './group.ts'
import type { Paint } from './reporter.ts'
import { type Side, storyLines } from './story.ts'
import { cellText, joined, legend, numbered, type Results, type Row, rowOf, tableLines } from './verdicts.ts'
import { oneLine } from './words.ts'

/** A patch, as far as it can be told without running it. */
export interface PatchTold {
  readonly id: string
  readonly subject: string
  readonly release: string | undefined
  readonly standsFor: string | undefined
  readonly posted: readonly string[]
  readonly needs: readonly string[]
  readonly functions: readonly {
    readonly name: string
    readonly change: 'added' | 'changed' | 'gone'
    readonly file: string | undefined
  }[]
}

/** Points under several subjects: `results[i][j]` is of point i under `subjects[j]`, or that with more on top. */
export interface Verdicts {
  readonly subjects: readonly string[]
  readonly results: readonly Results[]
  /** Which cases were run, in a sentence without its full stop. */
  readonly which: string
}

/** One point, told step by step. */
export interface Story {
  readonly sides: readonly [first: Side, second: Side | undefined]
  /** The command that shows a schedule of it op by op. */
  readonly replay: string | undefined
}

export interface PatchExplained {
  readonly patch: PatchTold
  readonly verdicts: Verdicts
  /** The subject with the patch; the first is without. */
  readonly with: string
  /** Those of the points whose verdict is the same, although they do something else with it. */
  readonly otherwise: readonly Results[]
  readonly story: Story | undefined
}

export interface Look {
  readonly paint: Paint
  /** Columns of the terminal. */
  readonly width: number
}

export function* patchLines(explained: PatchExplained, look: Look): Generator<string> {
  yield* headLines(explained.patch, look)
  yield ''
  yield* changeLines(explained, look)
  if (explained.story !== undefined) yield* tellStory(explained.story, look)
}

function* headLines(patch: PatchTold, { paint, width }: Look): Generator<string> {
  yield* titled(patch.id, patch.subject, { paint, width })
  yield* folded(`  ${fateOf(patch)}`, width, 2)
  const files = groupBy(patch.functions, ({ file = '' }) => file)
  const label = Math.max(...[...files.keys()].map(file => file.length), 0)
  for (const [file, functions] of [...files].sort(([a], [b]) => (a === '' ? 1 : b === '' ? -1 : a < b ? -1 : 1))) {
    const names = functions.map(({ name, change }) => (change === 'changed' ? name : `${name} (${change})`))
    yield* folded(`  ${file.padEnd(label)}  ${names.join(', ')}`, width, label + 4)
  }
}

/** What it is called, and what that is. */
function* titled(name: string, text: string, { paint, width }: Look): Generator<string> {
  const [first = '', ...more] = folded(`${name}  ${text}`, width, 2)
  yield paint('bold', name) + first.slice(name.length)
  yield* more
}

/** `v4.6; posted as thp-mapcount-posted-v1; builds on …` */
function fateOf({ release, standsFor, posted, needs }: PatchTold): string {
  const parts = [release ?? 'in no release']
  if (standsFor !== undefined) parts.push(`became ${standsFor}`)
  if (posted.length > 0) parts.push(`posted as ${posted.join(', ')}`)
  if (needs.length > 0) parts.push(`builds on ${needs.join(', ')}`)
  return parts.join('; ')
}

const told: readonly Change[] = ['fixed', 'regressed', 'changed']

/** The points that come to something else with the patch, under all subjects. */
function* changeLines(
  { verdicts, otherwise, with: having }: PatchExplained,
  { paint, width }: Look,
): Generator<string> {
  const { subjects, results, which } = verdicts
  const after = subjects.indexOf(having)
  yield* folded(`${which}: ${results.length} ${results.length === 1 ? 'point' : 'points'}`, width, 2)
  const changed = groupBy(results, row => changeOf(row[0]!, row[after]!))
  const all = results.map(row => rowOf(row, subjects))
  const same = changed.get('same') ?? []
  const versions = same.filter(row => new Set(rowOf(row, subjects).cells.filter(cell => cell !== '')).size > 1)
  const tables = [
    ...told.map(change => [paint(colourOf[change], change), changed.get(change) ?? []] as const),
    [paint('bold', 'the same, but not in every version'), versions] as const,
  ].filter(([, rows]) => rows.length > 0)
  if (tables.length > 0) yield* oneOrMany(numbered(subjects), width)
  for (const [title, rows] of tables) {
    yield `${title}, ${rows.length}:`
    const table = rows.map(row => rowOf(row, subjects))
    yield* tableLines(numbers(subjects), joined(table, all), width)
  }
  const marks = legend(tables.flatMap(([, rows]) => rows.flatMap(row => rowOf(row, subjects).cells)))
  if (otherwise.length > 0) {
    const names = joined(
      otherwise.map(row => ({ ...rowOf(row, subjects), cells: [] })),
      all,
    ).map(({ name }) => name)
    yield* folded(`the same verdict, in another way, ${otherwise.length}: ${names.join(', ')}`, width, 2)
  }
  const alike = `${same.length - otherwise.length} the same`
  yield paint('dim', marks === '' ? alike : `${alike}; ${marks}`)
  const mute = groupBy(changed.get('not compared') ?? [], row => whyNotCompared(row[0]!, row[after]!))
  for (const [reason, rows] of mute)
    for (const line of folded(`${rows.length} not compared: ${reason}`, width, 2)) yield paint('dim', line)
}

const numbers = (subjects: readonly string[]): string[] => subjects.map((_, i) => String(i + 1))

function* tellStory({ sides: [first, second], replay }: Story, { paint, width }: Look): Generator<string> {
  const { point, case: of } = first.result
  yield ''
  yield paint('bold', point)
  yield* folded(`  ${oneLine(of.about)}`, width, 2)
  const verdicts = second === undefined ? [verdictOf(first)] : [`- ${verdictOf(first)}`, `+ ${verdictOf(second)}`]
  yield* oneOrMany(verdicts, width)
  yield ''
  for (const { mark, indent, text } of storyLines(first, second)) {
    const colour = mark === '-' ? 'red' : mark === '+' ? 'green' : indent === 1 ? 'bold' : undefined
    for (const line of folded(`${mark}${' '.repeat(indent * 2 - 1)}${text}`, width, indent * 2 + 2, mark))
      yield colour === undefined ? line : paint(colour, line)
  }
  if (replay !== undefined) yield paint('dim', `  ${replay} --step`)
}

/** All in one line, or each in its own. */
function* oneOrMany(texts: readonly string[], width: number): Generator<string> {
  const line = `  ${texts.join('   ')}`
  if (line.length <= width) yield line
  else for (const text of texts) yield* folded(`  ${text}`, width, 4)
}

const verdictOf = ({ result }: Side): string => `${result.subject}: ${cellText(result)}`

export interface CaseExplained {
  readonly case: Case
  /** Those that its `when`s name. */
  readonly patches: readonly PatchTold[]
  readonly verdicts: Verdicts
  readonly story: Story | undefined
}

/** What it claims, what decides it, its verdict under each subject, and one point step by step. */
export function* caseLines({ case: of, patches, verdicts, story }: CaseExplained, look: Look): Generator<string> {
  const { paint, width } = look
  yield* titled(of.name, oneLine(of.about), look)
  for (const { id, release, subject } of patches) yield* folded(`  ${id}  ${release ?? 'posted'}  ${subject}`, width, 4)
  yield ''
  const all = verdicts.results.map(row => judgedRow(row, verdicts.subjects))
  const points = joined(all, all)
  const rows = verdicts.subjects.map((name, i) => ({ name, cells: points.map(({ cells }) => cells[i]!) }))
  const titles = points.map(({ name }) => (name === of.name ? '' : name.slice(of.name.length)))
  yield* tableLines(titles, rows, width)
  const marks = legend(all.flatMap(({ cells }) => cells))
  if (marks !== '') yield paint('dim', `  ${marks}`)
  if (story !== undefined) yield* tellStory(story, look)
}

/** As rowOf, and whether it is what the case says. */
function judgedRow(results: Results, subjects: readonly string[]): Row {
  const row = rowOf(results, subjects)
  return { ...row, top: '', cells: row.cells.map((cell, i) => `${results[i]?.status === 'fail' ? '!' : ''}${cell}`) }
}
