// `machine`: what the machine of a case is like.

import { z } from 'zod'
import type { Machine } from '../engine.ts'
import { count, isPowerOfTwo, readSize } from '../steps/words/amount.ts'
import { yesNo } from '../steps/words/names.ts'
import { PAGE } from '../steps/words/scope.ts'
import { BadWord, choice, quoted, word } from '../steps/words/word.ts'
import type { Values } from './case.ts'
import { substitute } from './matrix.ts'
import type { Problems } from './problems.ts'
import { read } from './read.ts'
import type { Node } from './tree.ts'

export const machineShape = z
  .strictObject({
    hpage_nr: word('Base pages in a huge page (512): a power of two from 4 to 8192', readHpageNr).optional(),
    memory: word('Memory of the machine; else the engine chooses', readMemory).optional(),
    thp: choice(['always', 'madvise', 'never'], '/sys/kernel/mm/transparent_hugepage/enabled (madvise)').optional(),
    cpus: count('CPUs (1, with a race one for each thread)', 1, 64).optional(),
    debug_vm: yesNo('CONFIG_DEBUG_VM (no)').optional(),
    swap: yesNo('CONFIG_SWAP (yes)').optional(),
  })
  .describe('What the machine is like; what cannot be had is answered with `config`')

/** The machine under one combination; what is not said, or not well, is as usual. `threads`: of the race, 1 without. */
export function readMachine(node: Node | undefined, values: Values, threads: number, problems: Problems): Machine {
  const said = (node && read(machineShape, substitute(node, values, problems), problems)) ?? {}
  const { hpage_nr = 512, memory, thp = 'madvise', cpus = threads, debug_vm = false, swap = true } = said
  return { hpage_nr, memory, thp, cpus, debug_vm, swap }
}

function readHpageNr(text: string): number {
  const pages = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (isPowerOfTwo(pages) && pages >= 4 && pages <= 8192) return pages
  throw new BadWord('BAD_VALUE', `${quoted(text)} is no power of two from 4 to 8192`)
}

function readMemory(text: string): number {
  const bytes = readSize(text, 512 * PAGE)
  if (bytes >= 2 ** 20 && bytes <= 2 ** 40) return bytes
  throw new BadWord('OUT_OF_RANGE', `${quoted(text)} is not between 1M and 1024G`)
}
