import { z } from 'zod'
import type { Range } from '../engine.ts'
import { step } from './step.ts'
import { yesNo } from './words/names.ts'
import { pages } from './words/range.ts'

export const mlock = step<{ readonly range: Range; readonly onfault: boolean }>({
  verb: 'mlock',
  about: 'mlock(2), or mlock2(2) with MLOCK_ONFAULT: pages are locked as they are faulted in.',
  example: 'mlock: A',
  args: z
    .union([pages(), z.strictObject({ range: pages(), onfault: yesNo('MLOCK_ONFAULT (no)').optional() })])
    .transform(said =>
      'of' in said ? { range: said, onfault: false } : { range: said.range, onfault: said.onfault ?? false },
    ),
  words: ({ range: { of, offset, length }, onfault }) => [['mlock', of, offset, length, onfault ? 1 : 0]],
})
