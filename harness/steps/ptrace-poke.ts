import { step } from './step.ts'
import { bytesOperand, written } from './words/bytes.ts'
import { words } from './words/range.ts'

export const ptracePoke = step({
  verb: 'ptrace-poke',
  about:
    'A debugger writes to the memory of the process in `by`, a word at a time (PTRACE_POKEDATA): also where the process ' +
    'itself must not.',
  example: 'ptrace-poke: {A(0..8B): 0x5a}',
  args: written(words(), 'Ranges of whole words and the bytes to store there'),
  words: all =>
    all.map(({ range: { of, offset, length }, bytes }) => ['ptrace-poke', of, offset, length, bytesOperand(bytes)]),
})
