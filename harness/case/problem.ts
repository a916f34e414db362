// What can be wrong with a case file, as data; `pretty` turns it into the lines that a person reads.

import type { Position } from '../engine.ts'

/** Closed list of codes; tests assert these, not the prose. */
export type Code =
  | 'NO_FILE'
  | 'TOO_LARGE'
  | 'TOO_DEEP'
  | 'TOO_MANY'
  | 'BAD_TEXT'
  | 'BAD_YAML'
  | 'BAD_SHAPE'
  | 'MISSING_KEY'
  | 'UNKNOWN_KEY'
  | 'UNKNOWN_VERB'
  | 'NOT_ONE_VERB'
  | 'UNKNOWN_NAME'
  | 'NAME_TAKEN'
  | 'BAD_VALUE'
  | 'BAD_AMOUNT'
  | 'BAD_RANGE'
  | 'OUT_OF_RANGE'
  | 'BAD_BYTES'
  | 'UNKNOWN_MATRIX'
  | 'UNKNOWN_PATCH'
  | 'UNKNOWN_ANOMALY'
  | 'UNKNOWN_COUNTER'
  | 'UNKNOWN_VARIANT'
  | 'NO_VERDICT'
  | 'NOT_YET'

/** One problem. `length` is the number of columns to underline on `line`. */
export interface Problem {
  readonly code: Code
  readonly message: string
  readonly pos: Position
  readonly length: number
  /** The line of the file that `pos` names, if there is one. */
  readonly line: string | undefined
}

/** What a terminal would obey, or not show. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const unprintable = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

/** `file:line:col CODE: sentence`, the source line, carets. */
export function* pretty(problem: Problem): Generator<string> {
  const { pos, code, message, line, length } = problem
  yield `${pos.file}:${pos.line}:${pos.col} ${code}: ${message}`
  if (line === undefined) return
  const shown = line.slice(0, 160).replace(unprintable, '?')
  yield `    ${shown}`
  const indent = shown.slice(0, pos.col - 1).replace(/[^\t]/g, ' ')
  yield `    ${indent}${'^'.repeat(Math.max(1, Math.min(length, shown.length - pos.col + 1)))}`
}
