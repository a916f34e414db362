// One execution by a given choice: a schedule again, or threads drawn by lot.

import type { Machine } from './machine.ts'
import type { Piece, Schedule } from './schedule.ts'
import { type AtEnd, type Bounds, type Extent, type Strategy, Watchdog } from './strategy.ts'
import { isOp } from './trie.ts'

/**
 * Takes the machine through a schedule, to its end. Gives the same schedule in its plain form: without numbers where a
 * thread ran as far as it could, without what goes by itself. A piece whose thread cannot run is skipped.
 */
export function runSchedule(machine: Machine, schedule: Schedule): Schedule {
  const plain: Piece[] = []
  for (const { thread, ops } of schedule) {
    const taken = advance(machine, thread, ops ?? Number.POSITIVE_INFINITY)
    if (taken === 0) continue
    const more = machine.bug === undefined && machine.canStep(thread)
    const last = plain[plain.length - 1]
    if (last?.thread === thread) {
      plain.pop()
      plain.push({ thread, ops: more ? (last.ops ?? 0) + taken : undefined })
    } else plain.push({ thread, ops: more ? taken : undefined })
  }
  for (let t = 0, idle = 0; idle < machine.threads && machine.bug === undefined; ) {
    if (advance(machine, t, Number.POSITIVE_INFINITY) > 0) idle = 0
    else idle++
    t = (t + 1) % machine.threads
  }
  return plain
}

/** Up to `ops` ops of one thread and what is plain around them; gives how many it took. */
export function advance(machine: Machine, thread: number, ops: number): number {
  let taken = 0
  while (machine.bug === undefined && machine.canStep(thread)) {
    const op = isOp(machine.trie.kind[machine.at[thread]!]!)
    if (op && taken === ops) break
    machine.step(thread)
    if (op) taken++
  }
  return taken
}

/**
 * `times` executions in which whoever can is as likely as another to take the next step; the same for the same seed.
 */
export function random(seed: number, times: number): Strategy {
  return { explore: (machine, atEnd, bounds) => drawn(machine, atEnd, bounds, seed, times) }
}

function* drawn(machine: Machine, atEnd: AtEnd, bounds: Bounds, seed: number, times: number): Generator<void, Extent> {
  const watchdog = new Watchdog(bounds)
  const draw = lots(seed)
  let transitions = 0
  let bound: string | undefined
  let i = 0
  for (; i < times && bound === undefined; i++) {
    for (;;) {
      const ready = Array.from({ length: machine.threads }, (_, t) => t).filter(t => machine.canStep(t))
      if (ready.length === 0 || machine.bug !== undefined) break
      machine.step(ready[draw(ready.length)]!)
      transitions++
      bound ??= watchdog.reached(0, i, transitions)
    }
    atEnd(machine)
    machine.back(0)
    yield
  }
  return { interleavings: i, states: transitions + 1, transitions, bound: bound ?? `${times} by lot` }
}

/** Numbers below `n`, from a linear congruential generator (Numerical Recipes' constants). */
export function lots(seed: number): (n: number) => number {
  let state = seed >>> 0
  return n => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * n)
  }
}
