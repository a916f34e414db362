import { z } from 'zod'
import type { Range } from '../engine.ts'
import { step } from './step.ts'
import { count } from './words/amount.ts'
import { checkNode } from './words/hugepage.ts'
import { machineFrames } from './words/range.ts'
import { context } from './words/scope.ts'
import { pairs, reading } from './words/word.ts'

const frames = machineFrames('Frames that have a name, or a range: those that it maps in main')
const node = count('The node where they are to be; else to the other of two', 0, 1)

type Move = { readonly frames: Range; readonly to: number | undefined }

export const migrate = step<readonly Move[]>({
  verb: 'migrate',
  about:
    'Move pages to other frames, as move_pages(2) does: EBUSY where one is not on the LRU or is a huge page in use, ' +
    'EAGAIN where one has a pin. Of a huge page, which is split first, the first page moves; since 616b8371539a it ' +
    'moves whole. A huge page of hugetlb moves to another of its pool since e632a938d914, before it is EFAULT; ENOMEM ' +
    'where the pool has none that nobody has reserved; on a machine of two nodes it is that of the other. A real kernel ' +
    'moves all pages between two nodes, and leaves those that are where they are to be.',
  example: 'migrate: before',
  args: z
    .union([frames, z.strictObject({ frames, to: node.optional() }), pairs(frames, node, 'Frames, each with its node')])
    .transform(reading(resolve)),
  machine: true,
  words: moves => moves.map(({ frames, to }) => ['migrate', frames.of, frames.offset, frames.length, to ?? -1]),
})

type Said = Range | { frames: Range; to?: number | undefined } | readonly (readonly [Range, number])[]

function resolve(said: Said): readonly Move[] {
  const moves = movesOf(said)
  for (const { frames, to } of moves) checkNode(to, context().nodes, 'frames' in said ? 'to' : frames.text)
  return moves
}

function movesOf(said: Said): readonly Move[] {
  if ('of' in said) return [{ frames: said, to: undefined }]
  if ('frames' in said) return [{ frames: said.frames, to: said.to }]
  return said.map(([frames, to]) => ({ frames, to }))
}
