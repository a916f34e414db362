import { step } from './step.ts'
import { segment } from './words/range.ts'

export const shmrm = step({
  verb: 'shmrm',
  about: 'shmctl(2) with IPC_RMID: the segment goes when nobody is attached to it.',
  example: 'shmrm: s',
  args: segment('A segment'),
  names: name => [{ kind: 'removed', name }],
  words: name => [['shmrm', name]],
})
