import { step } from './step.ts'
import { choice } from './words/word.ts'

export const mceKill = step({
  verb: 'mce-kill',
  about:
    'prctl(PR_MCE_KILL): when this process, and those that it forks, want to be told of memory that failed: at once, or ' +
    'when they come upon it; default is as the system does, which is late.',
  example: 'mce-kill: early',
  args: choice(['early', 'late', 'default'], 'When the SIGBUS comes'),
  words: policy => [['mce-kill', policy]],
})
