// What a schedule comes through, as a short digest: op by op who takes it, and on what kind of place. On a model or a
// case where the same turns are other steps it is another, and the schedule is not misplayed; whatever else has changed
// since does not matter.

import { lastingKindOf } from '../../model/names.ts'
import { hashOf, mix } from './hash.ts'
import type { Machine } from './machine.ts'
import { runSchedule } from './replay.ts'
import type { Schedule } from './schedule.ts'
import { isOp } from './trie.ts'

/** Eight hexadecimal digits. The machine is left at its start. */
export function throughOf(machine: Machine, schedule: Schedule): string {
  const { trie } = machine
  machine.back(0)
  runSchedule(machine, schedule)
  const kinds = new Map<number, number>()
  let digest = machine.depth
  for (let i = 0; i < machine.depth; i++) {
    const { thread, node } = machine.stepAt(i)
    const kind = trie.kind[node]!
    if (!isOp(kind)) continue
    const cell = trie.cell[node]!
    const place = kinds.get(cell) ?? hashOf(lastingKindOf(cell))[0]
    kinds.set(cell, place)
    for (const part of [thread, kind, place]) digest = mix((Math.imul(digest, 31) + part) | 0)
  }
  machine.back(0)
  return (digest >>> 0).toString(16).padStart(8, '0')
}
