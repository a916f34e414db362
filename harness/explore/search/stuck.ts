// What it means that nobody can go on although not all have come to their end.

import { KernelBug } from '../../model/bug.ts'
import { Op, opNames } from '../../model/effects.ts'
import { cellName } from '../../model/names.ts'
import type { Machine } from './machine.ts'

/** The anomaly of a state in which no thread can step, or undefined: all have come to their end. */
export function stuckBug(machine: Machine): KernelBug | undefined {
  const waiting: string[] = []
  let asleep = true
  for (let t = 0; t < machine.threads; t++) {
    if (machine.isDone(t)) continue
    const n = machine.at[t]!
    const kind = machine.trie.kind[n]!
    if (kind !== Op.WAIT_CHANGE) asleep = false
    waiting.push(`${machine.names[t]} in ${opNames[kind]} of ${cellName(machine.trie.cell[n]!)}`)
  }
  if (waiting.length === 0) return undefined
  return asleep
    ? new KernelBug('stall', `sleeps, and nobody is left to wake it: ${waiting.join(', ')}`)
    : new KernelBug('deadlock', `nobody can go on: ${waiting.join(', ')}`)
}
