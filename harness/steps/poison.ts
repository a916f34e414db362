import { z } from 'zod'
import type { Range } from '../engine.ts'
import { step } from './step.ts'
import { machineFrames } from './words/range.ts'
import { choice } from './words/word.ts'

const frames = machineFrames('Frames that have a name, or a range: those that it maps in main')
const action = choice(
  ['optional', 'required'],
  'optional: nobody was using the memory; required: main was just about to (optional)',
)

export const poison = step<{ readonly frames: Range; readonly action: 'optional' | 'required' }>({
  verb: 'poison',
  about:
    'The memory of frames fails, one base page after another, as the machine check says that nobody has run into yet: ' +
    'memory_failure. EBUSY where something could not be done. A real kernel is told by hard_offline_page.',
  example: 'poison: A.page(3)',
  args: z
    .union([frames, z.strictObject({ frames, action: action.optional() })])
    .transform(said =>
      'of' in said
        ? { frames: said, action: 'optional' as const }
        : { frames: said.frames, action: said.action ?? 'optional' },
    ),
  machine: true,
  words: ({ frames: { of, offset, length }, action }) => [['poison', of, offset, length, action]],
})
