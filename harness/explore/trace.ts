// One schedule step by step: what each op did, which functions it stands in, and how the pages of the case are then.

import type { OpTaken } from '../engine.ts'
import { opNames } from '../model/effects.ts'
import { mem_map } from '../model/mm/init.ts'
import { type Page, page } from '../model/mm/mm_types.ts'
import { cellName } from '../model/names.ts'
import { S } from '../model/store.ts'
import { readCounters } from './counters.ts'
import { flagText, Labels } from './labels.ts'
import { functionsIn, operandText } from './opwords.ts'
import type { Machine } from './search/machine.ts'
import { runSchedule } from './search/replay.ts'
import type { Schedule } from './search/schedule.ts'
import type { Strategy } from './search/strategy.ts'
import { isOp, Joined } from './search/trie.ts'
import type { World } from './world.ts'

/** Runs one schedule, and tells of every op that it takes. */
export function stepping(schedule: Schedule, world: World, took: (step: OpTaken) => void): Strategy {
  return {
    *explore(machine, atEnd) {
      const labels = new Labels(world)
      runSchedule(machine, schedule)
      const order = Array.from({ length: machine.depth }, (_, i) => machine.stepAt(i).thread)
      machine.back(0)
      took({ thread: '', op: '', within: [], pages: labels.states(), counters: readCounters() })
      for (const thread of order) {
        const step = takeStep(machine, thread, labels)
        if (step !== undefined) took(step)
      }
      atEnd(machine)
      const transitions = machine.depth
      machine.back(0)
      return { interleavings: 1, states: transitions + 1, transitions, bound: 'one schedule' }
    },
  }
}

/** Takes the next step of a thread; undefined if it is no op, but only what comes before the first. */
function takeStep(machine: Machine, thread: number, labels: Labels): OpTaken | undefined {
  const { trie } = machine
  const node = lastOpOf(machine, thread)
  const [kind, cell, a] = [trie.kind[node]!, trie.cell[node]!, trie.a[node]!]
  const within = isOp(kind) ? functionsIn(machine.recorder.stackAt(node)) : []
  const before = S[cell]!
  machine.step(thread)
  if (!isOp(kind)) return undefined
  return {
    thread: machine.names[thread]!,
    op: `${opNames[kind]} ${placeText(cell, labels)}${operandText(kind, cell, a)}${changeText(cell, before)}`,
    within,
    pages: labels.states(),
    counters: readCounters(),
  }
}

/** The node that the next step of a thread is told by: of ops that are one step, the last. */
function lastOpOf(machine: Machine, thread: number): number {
  const { trie, depth } = machine
  const node = machine.at[thread]!
  if (trie.joined[node] === Joined.NOT) return node
  machine.step(thread)
  machine.back(depth)
  return machine.lastOp
}

/** `A.page(3).flags` where the case knows the page, else the kernel's words. */
function placeText(cell: number, labels: Labels): string {
  const frame = (cell - ((cell - mem_map) & (page.SIZE - 1))) as Page
  const label = labels.of(frame)
  return label === undefined ? cellName(cell) : cellName(cell).replace(/^page \d+/, label)
}

/** `: 3 -> 2`, or what was found and left. */
function changeText(cell: number, before: number): string {
  const after = S[cell]!
  const text = (value: number) => (cellName(cell).endsWith('.flags') ? flagText(value) || '0' : String(value))
  return before === after ? `: ${text(after)}` : `: ${text(before)} -> ${text(after)}`
}
