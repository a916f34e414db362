import { z } from 'zod'
import { step } from './step.ts'
import { count } from './words/amount.ts'
import { choice } from './words/word.ts'

const kind = choice(
  ['anon_vma', 'region', 'page', 'huge-page'],
  'Of what: the chain of a vma to its first anon_vma, a region of the map of reservations, a base page, a huge page of any size',
)

export const failAlloc = step({
  verb: 'fail-alloc',
  about:
    'The next allocation of a kind fails, or the nth of them, whoever wants it: no step of the case, but one that it takes. ' +
    'A fault that is out of memory for it is killed.',
  example: 'fail-alloc: anon_vma',
  args: z
    .union([kind, z.strictObject({ of: kind, nth: count('Which of them (1)', 1, 1024).optional() })])
    .transform(said => (typeof said === 'string' ? { of: said, nth: 1 } : { of: said.of, nth: said.nth ?? 1 })),
  machine: true,
  words: ({ of, nth }) => [['fail-alloc', of, nth]],
})
