// What the loader makes of a case file. A case knows no engine: it gives test points and says what it wants.

import type { Position, Subject, TestPoint } from '../engine.ts'

/** One combination of matrix values, in the order in which the case writes them. */
export type Values = Readonly<Record<string, string>>

/**
 * The values with which a counter ends, one way or another: the model must find all of these and no other, a real
 * kernel no other.
 */
export interface SeenWanted {
  readonly name: string
  /** `true`: change since counting began; `false`: as it stands. */
  readonly delta: boolean
  /** Both ends included; a single value is a range of its own. */
  readonly ranges: readonly { readonly min: number; readonly max: number }[]
  /** The distance of two values within a range. */
  readonly grain: number
  readonly pos: Position
}

/** What a case says of a subject: `clean`, or anomalies `always` or `sometimes`. */
export interface Wanted {
  /** `clean` alone, or one anomaly; of a race that ends now so, now so, all that it comes to. */
  readonly anomalies: readonly string[]
  readonly how: 'always' | 'sometimes'
  readonly seen: readonly SeenWanted[]
  readonly pos: Position
}

/** One YAML file: one claim about memory. */
export interface Case {
  readonly file: string
  /** Path below `cases` without its ending: `thp/pin-fork`; of a file elsewhere its base name. */
  readonly name: string
  readonly about: string
  readonly see: readonly string[]
  readonly tags: readonly string[]
  /**
   * What the case asks to run under; undefined: both sides of every patch that its `when`s name, what has all of a
   * `from` together, and the newest release.
   */
  readonly variants: readonly string[] | undefined
  /** Patches and releases that `from` and `until` name anywhere in the file. */
  readonly ids: readonly string[]
  /** The lists among what stands after `from`: a subject must have all of one. */
  readonly together: readonly (readonly string[])[]
  readonly combinations: readonly Values[]
  /** The name of a test point: `thp/pin-fork[hold=get,child=gone]`. */
  pointName(values: Values): string
  /** The steps of one combination as this subject sees them (`when` decided). */
  point(values: Values, subject: Subject): TestPoint
  /** The last verdict that fits. */
  wanted(values: Values, subject: Subject): Wanted
}
