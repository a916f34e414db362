// Where another CPU may come in: every op that the threads of a race came to, and the kernel functions around it.

import { opNames } from '../model/effects.ts'
import { kindOfCell } from '../model/names.ts'
import { functionsIn, operandText } from './opwords.ts'
import type { Machine } from './search/machine.ts'
import { isOp } from './search/trie.ts'

export interface OpSite {
  readonly thread: string
  /** `test_and_clear_bit page head.flags mlocked`, the same for pages alike. */
  readonly op: string
  /** Kernel functions, innermost first. */
  readonly within: readonly string[]
}

/** The ops that a search has found, in the order in which they were come to; alike ones once. */
export function sitesIn(machine: Machine): OpSite[] {
  const { trie } = machine
  const sites = new Map<string, OpSite>()
  for (let n = 1; n < trie.size; n++) {
    const kind = trie.kind[n]!
    if (!isOp(kind)) continue
    const thread = machine.names[trie.thread[n]!]!
    const op = `${opNames[kind]} ${kindOfCell(trie.cell[n]!)}${operandText(kind, trie.cell[n]!, trie.a[n]!)}`
    const within = functionsIn(machine.recorder.stackAt(n))
    const key = JSON.stringify([thread, op, within])
    if (!sites.has(key)) sites.set(key, { thread, op, within })
  }
  return [...sites.values()]
}
