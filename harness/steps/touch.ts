import { z } from 'zod'
import type { Range } from '../engine.ts'
import { step } from './step.ts'
import { range } from './words/range.ts'
import { choice } from './words/word.ts'

const access = choice(['read', 'write'], 'write stores back the byte that is there (write)')

export const touch = step<{ readonly range: Range; readonly access: 'read' | 'write' }>({
  verb: 'touch',
  about: 'Access each page once, without changing its bytes.',
  example: 'touch: {range: A, access: read}',
  args: z
    .union([range(), z.strictObject({ range: range(), access: access.optional() })])
    .transform(said =>
      'of' in said ? { range: said, access: 'write' as const } : { range: said.range, access: said.access ?? 'write' },
    ),
  words: ({ range: { of, offset, length }, access }) => [['touch', of, offset, length, access === 'read' ? 'r' : 'w']],
})
