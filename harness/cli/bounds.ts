// How far races are explored, from the words of a command line.

import type { Exploring } from '../engine.ts'
import { Refusal } from './refusal.ts'

export interface BoundOptions {
  readonly maxTime?: string
  readonly maxInterleavings?: string
  readonly maxMemory?: string
  readonly preemptions?: string
  /** `SEED` or `SEED,N` */
  readonly random?: string
  /** `--no-reduction` makes it false. */
  readonly reduction?: boolean
}

/** Drawn by lot if nobody says how many. */
const DRAWN = 1000

/** Refuses what is no number, and what does not go together. */
export function exploringOf(options: BoundOptions): Exploring {
  const { maxTime, maxInterleavings, maxMemory, preemptions, random, reduction } = options
  if (random !== undefined && (preemptions !== undefined || reduction === false))
    throw new Refusal('--random draws by lot: it goes neither with --preemptions nor with --no-reduction')
  return {
    ...(maxTime !== undefined && { time: number('--max-time', maxTime, /^\d{1,9}(\.\d{1,3})?$/) }),
    ...(maxInterleavings !== undefined && { interleavings: count('--max-interleavings', maxInterleavings, 1) }),
    ...(maxMemory !== undefined && { memory: count('--max-memory', maxMemory, 1) }),
    ...(preemptions !== undefined && { preemptions: count('--preemptions', preemptions, 0) }),
    ...(random !== undefined && { random: lots(random) }),
    ...(reduction === false && { reduce: false }),
  }
}

function lots(text: string): { readonly seed: number; readonly times: number } {
  const [seed = '', times, ...more] = text.split(',')
  if (more.length > 0) throw new Refusal(`--random takes SEED or SEED,N, not "${text}"`)
  return { seed: count('--random', seed, 0), times: times === undefined ? DRAWN : count('--random', times, 1) }
}

function count(option: string, text: string, least: number): number {
  const value = number(option, text, /^\d{1,12}$/)
  if (value < least) throw new Refusal(`${option} is at least ${least}`)
  return value
}

function number(option: string, text: string, shape: RegExp): number {
  if (!shape.test(text)) throw new Refusal(`${option} takes a number, not "${text}"`)
  return Number(text)
}
