// From a schedule that leads to an end to a short one that leads there too: fewest preemptions first, then fewest
// pieces, then early cuts. Greedy, as delta debugging is (Zeller and Hildebrandt, 2002): no single change of those
// tried makes the result any shorter.

import type { Machine } from './machine.ts'
import { runSchedule } from './replay.ts'
import { preemptions, type Schedule } from './schedule.ts'

/** Steps that may be spent on one schedule, and executions at least. */
const STEPS = 100_000
const TRIES = 8

/** `same` is asked at the end of an execution whether it is the end that is wanted. The machine stands at its start. */
export function shrink(machine: Machine, schedule: Schedule, same: (machine: Machine) => boolean): Schedule {
  let tries = 1
  /** What comes of a schedule, in its plain form; undefined: another end. */
  const attempt = (candidate: Schedule): Schedule | undefined => {
    if (tries-- <= 0) return undefined
    machine.back(0)
    const plain = runSchedule(machine, candidate)
    return same(machine) ? plain : undefined
  }
  let best = attempt(schedule) ?? schedule
  tries = Math.max(TRIES, Math.floor(STEPS / machine.depth))
  const better = (candidate: Schedule): boolean => {
    // Nobody could type a schedule without a thread.
    if (candidate.length === 0) return false
    const plain = attempt(candidate)
    if (plain === undefined || !isShorter(plain, best)) return false
    best = plain
    return true
  }
  for (let again = true; again && tries > 0; ) {
    again = false
    // Whole stretches first, then single pieces: left out, or run as far as they can.
    for (let length = best.length >> 1; length >= 1; length >>= 1) {
      for (let i = 0; i + length <= best.length && tries > 0; i++) {
        while (i + length <= best.length && better([...best.slice(0, i), ...best.slice(i + length)])) again = true
      }
    }
    for (let i = 0; i < best.length && tries > 0; i++) {
      const piece = best[i]!
      if (piece.ops !== undefined && better(best.with(i, { ...piece, ops: undefined }))) again = true
    }
  }
  // Whoever goes last goes last anyway.
  for (let i = best.length - 1; i > 0 && tries > 0 && better(best.slice(0, i)); i--);
  return best
}

function isShorter(a: Schedule, b: Schedule): boolean {
  const [p, q] = [preemptions(a), preemptions(b)]
  return p !== q ? p < q : a.length < b.length
}
