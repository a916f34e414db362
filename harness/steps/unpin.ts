import { step } from './step.ts'
import { pin } from './words/range.ts'

export const unpin = step({
  verb: 'unpin',
  about: 'The device lets go of a pin; the process that took it does this. The frames keep their name.',
  example: 'unpin: hca',
  args: pin('A pin'),
  actor: ({ owner }) => owner,
  names: ({ frames }) => [{ kind: 'unpinned', name: frames }],
  words: ({ frames }) => [['unpin', frames]],
})
