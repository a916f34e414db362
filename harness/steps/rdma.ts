// The workload of the test that led to 6d0a07edd17c: two buffers registered once, transfers from one to the other
// through their pins, compared by the CPU after each. harness/explore/rdma.ts says what one transfer is.

import { z } from 'zod'
import { step } from './step.ts'
import { count, sizes } from './words/amount.ts'
import { pinned } from './words/range.ts'
import { BadWord, reading } from './words/word.ts'

const given = z.strictObject({
  from: pinned('read', 'The pin that the device reads'),
  to: pinned('write', 'The pin that the device writes'),
  transfers: count('How many', 1, 1_000_000_000),
  size: sizes('How much at a time, both ends included: `0..1024B`'),
  seed: count('Chooses sizes, places and bytes', 0, 2 ** 32 - 1),
})

export const rdma = step({
  verb: 'rdma',
  about:
    'Write to one buffer, have the device carry it to another, compare the two; each transfer of random size and place.',
  example: 'rdma: {from: mrA, to: mrB, transfers: 100, size: 0..1024B, seed: 1}',
  args: given.transform(
    reading(({ from, to, transfers, size: { min, max }, seed }) => {
      if (max > Math.min(from.length, to.length))
        throw new BadWord('OUT_OF_RANGE', 'a transfer may be larger than a pin', 'size')
      return { from, to, transfers, min, max, seed }
    }),
  ),
  words: ({ from, to, transfers, min, max, seed }) => [['rdma', from.of, to.of, transfers, min, max, seed]],
})
