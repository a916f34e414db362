// What a reporter is: results go in as they come, lines come out. It writes nothing.

import type { Result } from '../check/result.ts'
import type { Course } from '../engine.ts'
import type { Tally } from './tally.ts'

/** What is known before the first result. */
export interface Plan {
  readonly version: string
  readonly points: number
  /** The command that shows a result again. */
  readonly again: (result: Result) => string
  /** The command that runs one schedule of its race again. */
  readonly replay: (result: Result, course: Course) => string
  /** Say more: every point, not only what differs from its verdict. */
  readonly verbose: boolean
  readonly paint: Paint
}

/** Puts a colour on a word, or leaves it. */
export type Paint = (colour: 'red' | 'green' | 'yellow' | 'dim' | 'bold', text: string) => string

export const plain: Paint = (_colour, text) => text

export interface Reporter {
  begin(): Iterable<string>
  result(result: Result): Iterable<string>
  end(tally: Tally): Iterable<string>
}

export type MakeReporter = (plan: Plan) => Reporter
