import { z } from 'zod'
import { step } from './step.ts'
import { newName } from './words/names.ts'
import { pages } from './words/range.ts'
import { choice } from './words/word.ts'

const given = z.strictObject({
  range: pages('What is pinned'),
  as: newName('The name of the frames'),
  hold: choice(
    ['longterm', 'get'],
    'longterm promises coherence, as RDMA needs it; get promises nothing (longterm)',
  ).optional(),
  access: choice(['write', 'read'], 'What the device may do (write)').optional(),
})

export const pin = step({
  verb: 'pin',
  about: 'A device takes hold of the frames of a range, as RDMA registration does; DMA goes through them.',
  example: 'pin: {range: A, as: hca, hold: longterm, access: write}',
  args: given.transform(({ hold = 'longterm', access = 'write', ...said }) => ({ ...said, hold, access })),
  names: ({ range, as, access }) => [{ kind: 'frames', name: as, of: range, pinned: access }],
  words: ({ range, as, hold, access }) => [['pin', as, range.of, range.offset, range.length, hold, access]],
})
