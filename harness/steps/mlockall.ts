import { z } from 'zod'
import { step } from './step.ts'
import { choice } from './words/word.ts'

const flag = choice(['current', 'future', 'onfault'], 'MCL_…, in small letters')

export const mlockall = step({
  verb: 'mlockall',
  about: 'mlockall(2) of the process: what is mapped, what will be, and whether only when it is faulted in.',
  example: 'mlockall: [current, future]',
  args: z.union([flag, z.array(flag).min(1).max(3)]).transform(said => (typeof said === 'string' ? [said] : said)),
  words: flags => [
    [
      'mlockall',
      flags.includes('current') ? 1 : 0,
      flags.includes('future') ? 1 : 0,
      flags.includes('onfault') ? 1 : 0,
    ],
  ],
})
