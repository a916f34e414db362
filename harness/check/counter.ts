// The value of a counter, as cases state it.

import type { Counters } from '../engine.ts'

/** The change since `baseline`, or as it stands; undefined where it is not shown. */
export function counterOf(
  name: string,
  delta: boolean,
  baseline: Counters,
  counters: Counters | undefined,
): number | undefined {
  const now = own(counters, name)
  const before = delta ? own(baseline, name) : 0
  return now === undefined || before === undefined ? undefined : now - before
}

function own(counters: Counters | undefined, name: string): number | undefined {
  return counters !== undefined && Object.hasOwn(counters, name) ? counters[name] : undefined
}

/** A change keeps its sign, as cases write it. */
export function counterText(value: number, delta: boolean): string {
  return delta && value >= 0 ? `+${value}` : String(value)
}
