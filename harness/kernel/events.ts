// What the probe tells, line by line: see out.h, point.c and answers.c in probe/.

/** Values that changed since the last such line of the same boot. */
export type CounterChanges = { readonly [name: string]: number }

/** One line. What comes between `step` and `counters` belongs to that step. */
export type Event =
  | readonly ['ready', version: string]
  /** Why the probe cannot be on this machine. */
  | readonly ['unfit', reason: string]
  | readonly ['point', index: number]
  | readonly ['before' | 'baseline' | 'counters' | 'after', changes: CounterChanges]
  /** Why this machine cannot judge the point, or another round of it. */
  | readonly ['lacks', reason: string]
  | readonly ['step', index: number]
  | readonly ['answer', ...Told]
  | readonly ['bytes', name: string, runs: readonly (readonly [offset: number, length: number, bytes: string])[]]
  | readonly ['frames', name: string, runs: readonly FrameRun[], freed?: boolean]
  | readonly ['range', process: string, name: string, runs: readonly MappedRun[]]
  | readonly ['differ', transfer: number, offset: number, length: number, sent: string, found: string]
  /** What a process got from elsewhere. */
  | readonly ['signal', process: string, signal: number, code: number, of?: string, at?: number]
  /** What a step of a thread of a race answered. */
  | readonly ['raced', thread: string, step: number, ...Told]
  /** The bytes that follow were found by this step of a thread. */
  | readonly ['in', thread: string, step: number]
  | readonly ['log', line: string]
  | readonly ['beat']
  /** The point begins anew. */
  | readonly ['round']
  | readonly ['end']
  | readonly ['done']

/** What an operation answered. */
export type Told =
  | readonly ['ok' | 'gone']
  | readonly ['errno' | 'killed', number: number]
  | readonly ['signal', signal: number, code: number, of?: string, at?: number]
  | readonly ['config', reason: string]

/** `down` is -1 where each page has the frame below that of the page before. */
export type MappedRun = readonly [
  offset: number,
  length: number,
  mapped: 'pmd' | 'pte' | 'none' | 'swap' | 'hwpoison',
  pfn?: number,
  down?: -1,
]

/** The same of named frames. */
export type FrameRun = readonly [pfn: number, pages: number, down?: -1]

/** The event of a line; undefined for what a dying guest left half said. */
export function eventOf(line: string): Event | undefined {
  if (!line.startsWith('["')) return undefined
  try {
    return JSON.parse(line) as Event
  } catch {
    return undefined
  }
}
