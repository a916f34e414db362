import { z } from 'zod'
import { step } from './step.ts'
import { machineFrames } from './words/range.ts'
import { choice, pairs } from './words/word.ts'

const frames = machineFrames('Frames that have a name, or a range: those that it maps in main')
const device = choice(
  ['done', 'in-flight'],
  'done: written when the step ends; in-flight: when writeback-done or writeback-fail says so',
)

export const pageout = step({
  verb: 'pageout',
  about:
    'Reclaim pages, as MADV_PAGEOUT or a lack of memory does: a page gets a slot of the swap area, every entry that ' +
    'maps it becomes a swap entry, it is written, and freed unless somebody uses it. Says nothing of whether it was. ' +
    'In the model {A: in-flight} leaves the end of the writing to writeback-done and writeback-fail.',
  example: 'pageout: A',
  args: z.union([
    frames.transform(range => [[range, 'done'] as const]),
    pairs(frames, device, 'Frames, and when the device has written them'),
  ]),
  machine: true,
  words: all =>
    all.map(([{ of, offset, length }, device]) => [
      device === 'done' ? 'pageout' : 'pageout-in-flight',
      of,
      offset,
      length,
    ]),
})
