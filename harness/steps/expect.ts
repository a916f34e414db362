import { z } from 'zod'
import { step } from './step.ts'

/** What it looks at is read by harness/case/expect.ts, as it is beside another verb. */
export const expect = step({
  verb: 'expect',
  about: 'Do nothing, and look: counters, frames, how ranges are mapped.',
  example: 'expect: {AnonHugePages: +1H, frames: {A: hca}, mapped: {A: pmd}}',
  args: z.unknown(),
  words: () => [],
})
