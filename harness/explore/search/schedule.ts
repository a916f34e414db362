// Schedules as people read and type them: `munlocker 4 · splitter 2 · munlocker`. Each piece names who runs and for
// how many ops; without a number until it ends or must wait. When all pieces are through, threads go on in their
// order, each as far as it can.

import type { Machine } from './machine.ts'
import { isOp } from './trie.ts'

/** One thread runs, for `ops` ops or (undefined) as far as it can. */
export interface Piece {
  readonly thread: number
  readonly ops: number | undefined
}

export type Schedule = readonly Piece[]

export function formatSchedule(schedule: Schedule, names: readonly string[]): string {
  return schedule.map(({ thread, ops }) => (ops === undefined ? names[thread]! : `${names[thread]} ${ops}`)).join(' · ')
}

/** Reads a schedule, or says why it is none. A plain dot, a comma or a slash between pieces will do. */
export function parseSchedule(text: string, names: readonly string[]): Schedule | string {
  const pieces: Piece[] = []
  for (const piece of text.split(/[·,/]|\s\.\s/)) {
    const [name = '', ops, ...rest] = piece.trim().split(/\s+/)
    const thread = names.indexOf(name)
    if (thread < 0) return `no thread of the race is called "${name}"; there are ${names.join(', ')}`
    if (rest.length > 0 || (ops !== undefined && !/^[1-9]\d{0,8}$/.test(ops)))
      return `"${piece.trim()}" is no piece of a schedule: a thread and how many steps it takes`
    pieces.push({ thread, ops: ops === undefined ? undefined : Number(ops) })
  }
  return pieces
}

/** How often a thread is stopped that could have gone on. */
export function preemptions(schedule: Schedule): number {
  return schedule.filter(({ ops }) => ops !== undefined).length
}

/** The steps that a machine has taken, as a schedule. */
export function scheduleOf(machine: Machine): Schedule {
  const pieces: { thread: number; ops: number }[] = []
  for (let i = 0; i < machine.depth; i++) {
    const { thread, node } = machine.stepAt(i)
    if (!isOp(machine.trie.kind[node]!)) continue
    const last = pieces[pieces.length - 1]
    if (last?.thread === thread) last.ops++
    else pieces.push({ thread, ops: 1 })
  }
  return pieces
}
