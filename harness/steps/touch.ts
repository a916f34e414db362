import { z } from 'zod'
import type { Range } from '../engine.ts'
import { step } from './step.ts'
import { range } from './words/range.ts'
import { context } from './words/scope.ts'
import { choice } from './words/word.ts'

const access = choice(['read', 'write'], 'write stores back the byte that is there (write)')

export const touch = step<{ readonly range: Range; readonly access: 'read' | 'write'; readonly page: number }>({
  verb: 'touch',
  about: 'Access each page once, small or (of hugetlb) huge, without changing its bytes.',
  example: 'touch: {range: A, access: read}',
  args: z.union([range(), z.strictObject({ range: range(), access: access.optional() })]).transform(said => {
    const { range, access = 'write' } = 'of' in said ? { range: said } : said
    return { range, access, page: context().scope.find(range.of, 'range').page }
  }),
  words: ({ range: { of, offset, length }, access, page }) => [
    ['touch', of, offset, length, access === 'read' ? 'r' : 'w', page],
  ],
})
