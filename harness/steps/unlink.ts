import { step } from './step.ts'
import { file } from './words/range.ts'

export const unlink = step({
  verb: 'unlink',
  about: 'unlink(2) and close(2): the file goes with the last mapping of it.',
  example: 'unlink: f',
  args: file('A file'),
  names: name => [{ kind: 'removed', name }],
  words: name => [['unlink', name]],
})
