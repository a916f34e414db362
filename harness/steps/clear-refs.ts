import { step } from './step.ts'
import { process } from './words/names.ts'

export const clearRefs = step({
  verb: 'clear-refs',
  about:
    'echo 4 > /proc/PID/clear_refs: soft-dirty tracking begins anew, which write-protects all memory of the process.',
  example: 'clear-refs: main',
  args: process('The process whose memory it is'),
  words: process => [['clear-refs', process]],
})
