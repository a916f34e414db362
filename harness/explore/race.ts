// The threads of a race as bodies that the search can call again and again. Each runs on a world of its own, copied
// when it starts: what a thread names is its own, and ends with the race; what it did to processes and pins that were
// there before is told at its end, and put together when all are done.

import type { BytesSeen, RaceSeen, RaceThread } from '../engine.ts'
import type { Page } from '../model/mm/mm_types.ts'
import { setThread } from '../model/ops.ts'
import type { Named } from './look.ts'
import { perform } from './perform.ts'
import type { PinState } from './pins.ts'
import type { ThreadBody } from './search/recorder.ts'
import type { World } from './world.ts'

/** What a thread has to say at its end. */
export interface ThreadEnd {
  readonly seen: readonly RaceSeen[]
  /** Processes that it has ended. */
  readonly gone: readonly string[]
  /** Of each pin from before the race what is left of it; a pin that it let go is missing. */
  readonly pins: readonly PinState[]
  /** Pages that are off the LRU for it: from before the race, or by its own doing. */
  readonly isolated: readonly (readonly [name: string, pages: readonly Page[]])[]
  /** Ranges from before the race that mean other addresses now. */
  readonly moved: readonly (readonly [name: string, range: Named])[]
}

export function bodiesOf(world: World, threads: readonly RaceThread[]): ThreadBody[] {
  return threads.map((thread, i) => ({
    name: thread.name,
    run: boundary => runThread(world.copy(), world, thread, i, boundary),
  }))
}

function runThread(
  mine: World,
  before: World,
  { name, steps, cpu }: RaceThread,
  index: number,
  boundary: (index: number, live: string) => void,
): ThreadEnd {
  setThread(index + 1)
  const seen: RaceSeen[] = []
  for (const [i, step] of steps.entries()) {
    if (i > 0) boundary(i, JSON.stringify([seen, mine.digest()]))
    mine.bytes = []
    const answer = perform(mine, { ...step, cpu }) ?? { kind: 'ok' }
    const bytes: readonly BytesSeen[] = mine.bytes
    seen.push({ thread: name, step: i, answer, bytes })
  }
  return {
    seen,
    gone: [...before.processes.keys()].filter(process => !mine.processes.has(process)),
    pins: [...mine.pins.values()].filter(pin => before.pins.has(pin.name)).map(pin => pin.state()),
    isolated: [...mine.isolated],
    moved: [...mine.ranges].filter(([name, { addr }]) => before.ranges.has(name) && before.range(name).addr !== addr),
  }
}

/** The world after a race: what was there before, less what any thread has ended. */
export function worldAfter(before: World, ends: readonly ThreadEnd[]): World {
  const world = before.copy()
  for (const [i, { gone, pins, isolated, moved }] of ends.entries()) {
    for (const process of gone) world.processes.delete(process)
    for (const pin of [...world.pins.values()]) {
      const state = pins.find(({ name }) => name === pin.name)
      if (state === undefined) world.pins.delete(pin.name)
      else pin.meet(state)
    }
    for (const [name, range] of moved) world.ranges.set(name, range)
    const held = new Map(isolated)
    for (const name of before.isolated.keys()) if (!held.has(name)) world.isolated.delete(name)
    // No step can name what a thread still holds; it ends with the case.
    for (const [name, pages] of held) if (!before.isolated.has(name)) world.isolated.set(`${i} ${name}`, pages)
  }
  return world
}
