// The top of a case.

import { z } from 'zod'

/** Keys at the top of a case, in the order in which they should stand. */
export const topKeys = ['about', 'see', 'tags', 'variants', 'matrix', 'machine', 'prime', 'steps', 'verdict'] as const

const line = z.string().trim().min(1, 'nothing is said here').max(2000)

/** What stands at the top of a case and is only text. */
export const parts = {
  about: line.describe('The claim, in one sentence'),
  see: z.array(line).describe('Where it comes from: commits, mm files and functions, threads, CVEs'),
  tags: z
    .array(z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'a tag is small letters, digits and -'))
    .describe('Words to choose cases by'),
  variants: z
    .array(line)
    .min(1, 'no variant is named here')
    .describe(
      'What to run under: variants, a span of releases, a topic; else both sides of every patch that a `when` names, and the newest release',
    ),
}
