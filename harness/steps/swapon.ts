import { step } from './step.ts'
import { choice } from './words/word.ts'

export const swapon = step({
  verb: 'swapon',
  about:
    "swapon(2) of the machine's swap area, which is on at first: EBUSY where it is on, EINVAL where there is none.",
  example: 'swapon: all',
  args: choice(['all'], 'The one area that the machine has'),
  machine: true,
  words: () => [['swapon']],
})
