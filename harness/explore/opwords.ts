// Ops and where they stand, in words.

import { Op } from '../model/effects.ts'
import { cellName } from '../model/names.ts'
import { flagText } from './labels.ts'

const onBits: ReadonlySet<number> = new Set([
  Op.BIT_LOCK,
  Op.BIT_UNLOCK,
  Op.BIT_TRYLOCK,
  Op.WAIT_CLEAR,
  Op.SET,
  Op.CLEAR,
  Op.TEST_AND_SET,
  Op.TEST_AND_CLEAR,
])

/** Which flags an op is about. */
export function operandText(kind: number, cell: number, bits: number): string {
  const isPart = onBits.has(kind) || (kind === Op.READ && bits !== ALL)
  if (!isPart) return ''
  return cellName(cell).endsWith('.flags') ? ` ${flagText(bits)}` : ` 0x${bits.toString(16)}`
}

/** A mask that leaves nothing out. */
const ALL = -1

/** The kernel's functions on a stack, innermost first; what is below them is ours. */
export function functionsIn(stack: string): string[] {
  const frames = stack.matchAll(/^ +at (?:[\w$]+\.)*([\w$]+) \(.*\/model\/(?:mm|history)\//gm)
  const names = [...frames].map(([, name]) => name!)
  // A function that patches may replace stands behind a wrapper of its name.
  return names.filter((name, i) => name !== names[i - 1])
}
