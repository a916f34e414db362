import { z } from 'zod'
import { step } from './step.ts'
import { count } from './words/amount.ts'
import { roundName } from './words/names.ts'

/** The loader writes the rounds out one after another; no engine ever meets this verb. */
export const repeat = step({
  verb: 'repeat',
  about: 'Do steps again and again; what a round has named ends with it.',
  example: 'repeat: {times: 8, as: i, steps: [touch: A.page($i)]}',
  args: z.strictObject({
    times: count('How often', 1, 2000),
    as: roundName('A name for the number of the round: `i`, so that `$i` is 0, 1, …').optional(),
    steps: z.array(z.unknown()).min(1, 'a round has no steps').describe('The steps of a round'),
  }),
  words: () => [],
})
