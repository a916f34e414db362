// A finding of our own: an anomaly of the closed list, one sentence, and where in the case it was looked for.

import type { Position } from '../engine.ts'
import type { AnomalyName } from './anomalies.ts'

export interface Finding {
  /** A name of anomalies.ts; engines report theirs as text. */
  readonly name: string
  readonly text: string
  readonly pos: Position
}

export function finding(name: AnomalyName, text: string, pos: Position): Finding {
  return { name, text, pos }
}

/** A place in a range, as a case would write it: `mr.page(3)`, else by its byte. */
export function place(range: string, offset: number): string {
  return offset % 4096 === 0 ? `${range}.page(${offset / 4096})` : `${range} at byte ${offset}`
}
