import { z } from 'zod'
import { step } from './step.ts'
import { newName } from './words/names.ts'
import { segment } from './words/range.ts'
import { context } from './words/scope.ts'
import { choice } from './words/word.ts'

const given = z.strictObject({
  of: segment('A segment'),
  as: newName('The name of the new range'),
  prot: choice(['r', 'rw'], 'What may be done there: r is SHM_RDONLY (rw)').optional(),
})

export const shmat = step({
  verb: 'shmat',
  about: 'shmat(2) of a segment.',
  example: 'shmat: {of: s, as: A}',
  args: given.transform(({ of, as, prot = 'rw' }) => {
    const { size, page } = context().scope.find(of, 'segment')
    return { of, as, prot, size, page }
  }),
  names: ({ as, size, page }) => [{ kind: 'range', name: as, size, huge: page, page }],
  words: ({ of, as, prot, size, page }) => [['shmat', as, of, size, page, prot]],
})
