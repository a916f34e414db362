// The summary matrix, as libhugetlbfs ends its runs: areas down, subjects across, in blocks that fit the terminal.

import type { Result, Status } from '../check/result.ts'
import type { Paint } from './reporter.ts'
import { areaOf } from './words.ts'

type Cell = Map<Status, number>

const marks: readonly (readonly [Status, string])[] = [
  ['fail', 'F'],
  ['config', 'C'],
  ['no-answer', 'N'],
  ['bug', 'B'],
]

const gap = '  '

export class Matrix {
  readonly #cells = new Map<string, Map<string, Cell>>()
  readonly #subjects = new Set<string>()

  add(result: Result): void {
    this.#subjects.add(result.subject)
    for (const area of [areaOf(result.case.name), 'all']) {
      const row = getOr(this.#cells, area, () => new Map<string, Cell>())
      const cell = getOr(row, result.subject, () => new Map<Status, number>())
      cell.set(result.status, (cell.get(result.status) ?? 0) + 1)
    }
  }

  /** The matrix in `width` columns of a terminal. */
  *lines(width: number, paint: Paint): Generator<string> {
    const areas = [...this.#cells.keys()].filter(area => area !== 'all').sort()
    const rows = areas.length > 1 ? [...areas, 'all'] : areas
    const label = Math.max(...rows.map(row => row.length), 0)
    for (const [i, block] of this.#blocks(rows, width - label).entries()) {
      if (i > 0) yield ''
      yield paint('bold', ' '.repeat(label) + block.map(({ title, width: w }) => gap + title.padStart(w)).join(''))
      for (const row of rows)
        yield row.padEnd(label) + block.map(column => gap + this.#cell(row, column, paint)).join('')
    }
    const used = marks.filter(([status]) => [...this.#all()].some(cell => cell.has(status)))
    if (used.length > 0) yield paint('dim', `(pass, ${used.map(([status, mark]) => `${mark} ${status}`).join(', ')})`)
  }

  #blocks(rows: readonly string[], width: number): Column[][] {
    const blocks: Column[][] = []
    let left = 0
    for (const subject of this.#subjects) {
      const column = this.#column(subject, rows, width - gap.length)
      const needed = column.width + gap.length
      if (blocks.length === 0 || needed > left) {
        blocks.push([])
        left = width
      }
      blocks.at(-1)?.push(column)
      left -= needed
    }
    return blocks
  }

  #column(subject: string, rows: readonly string[], most: number): Column {
    const cells = rows.map(row => cellText(this.#cells.get(row)?.get(subject)).length)
    const title = shorten(subject, most)
    return { subject, title, width: Math.max(title.length, ...cells) }
  }

  #cell(row: string, { subject, width }: Column, paint: Paint): string {
    const cell = this.#cells.get(row)?.get(subject)
    const text = cellText(cell).padStart(width)
    if (cell?.has('fail') || cell?.has('bug') || cell?.has('no-answer')) return paint('red', text)
    return cell?.has('config') ? paint('yellow', text) : text
  }

  *#all(): Generator<Cell> {
    for (const row of this.#cells.values()) yield* row.values()
  }
}

interface Column {
  readonly subject: string
  readonly title: string
  readonly width: number
}

/** `12`, or `11 1F 2C`: passes, then what else there was. */
function cellText(cell: Cell | undefined): string {
  if (cell === undefined) return '-'
  const others = marks.flatMap(([status, mark]) => (cell.has(status) ? [`${cell.get(status)}${mark}`] : []))
  return [String(cell.get('pass') ?? 0), ...others].join(' ')
}

/** Keeps both ends, where variants differ. */
function shorten(text: string, most: number): string {
  if (text.length <= most) return text
  const end = Math.floor((most - 1) / 2)
  return `${text.slice(0, most - 1 - end)}…${text.slice(-end)}`
}

function getOr<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const value = map.get(key) ?? make()
  map.set(key, value)
  return value
}
