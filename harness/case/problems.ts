// Gathers what is wrong with one file. The same problem under many combinations of a matrix is one problem.

import { LineCounter } from 'yaml'
import type { Position } from '../engine.ts'
import type { Code, Problem } from './problem.ts'

/** More than a person will read; a file that is no case at all gives no flood. */
const MOST = 100

/** A stretch of the text, in UTF-16 units. */
export interface Span {
  readonly start: number
  readonly end: number
}

export class Problems {
  readonly file: string
  readonly lines = new LineCounter()
  readonly #text: string
  readonly #found = new Map<string, Problem & Span>()

  constructor(file: string, text: string) {
    this.file = file
    this.#text = text
    this.lines.addNewLine(0)
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.lines.addNewLine(at + 1)
  }

  get any(): boolean {
    return this.#found.size > 0
  }

  get full(): boolean {
    return this.#found.size >= MOST
  }

  /** In the order of the file. */
  list(): Problem[] {
    const found = [...this.#found.values()].sort((a, b) => a.start - b.start)
    return found.map(({ start, end, ...problem }) => problem)
  }

  position({ start }: Pick<Span, 'start'>): Position {
    const { line, col } = this.lines.linePos(Math.min(start, this.#text.length))
    return { file: this.file, line, col }
  }

  add(code: Code, { start, end }: Span, message: string): void {
    const key = code === 'MISSING_KEY' ? `${start} ${message}` : `${start} ${code}`
    if (this.full || this.#found.has(key) || this.#found.has(`${start} UNKNOWN_MATRIX`)) return
    const pos = this.position({ start })
    const line = this.#line(pos.line)
    const length = Math.max(1, Math.min(end - start, line.length - pos.col + 1))
    this.#found.set(key, { code, message, pos, length, line, start, end })
  }

  /** Line `n` of the text, without its end. */
  #line(n: number): string {
    const from = this.lines.lineStarts[n - 1] ?? 0
    const to = this.lines.lineStarts[n] ?? this.#text.length + 1
    return this.#text.slice(from, to - 1).replace(/\r$/, '')
  }
}

/** The one problem of a file that gives no text. */
export function fileProblem(file: string, code: Code, message: string): Problem {
  return { code, message, pos: { file, line: 1, col: 1 }, length: 1, line: undefined }
}
