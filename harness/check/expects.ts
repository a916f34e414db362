// `expect`, judged in the order in which the case wrote it.

import type { Expect, MapKind, Observation, Position } from '../engine.ts'
import { counterOf, counterText } from './counter.ts'
import { type Finding, finding, place } from './finding.ts'
import { firstDifference, framesOf, freedAt, mappingOf } from './sight.ts'

/** Where and of whom something is expected. */
export interface Moment {
  readonly seen: Observation
  readonly index: number
  /** The process whose page table is asked. */
  readonly by: string
  /** Whether frames of this name are a device's. */
  readonly isPin: (name: string) => boolean
}

/** What one expectation gives: it holds, it does not, or this engine cannot see. */
export type Outcome = 'holds' | { readonly unseen: string } | Finding

type Judged = { readonly pos: Position; readonly judge: () => Outcome }

/** One outcome for each thing that `expect` names, in written order. */
export function judgeExpect(expect: Expect, at: Moment): Outcome[] {
  const judged: Judged[] = [
    ...expect.counters.map(e => ({ pos: e.pos, judge: () => judgeCounter(e, at) })),
    ...expect.frames.map(e => ({ pos: e.pos, judge: () => judgeFrames(e, at) })),
    ...expect.mapped.map(e => ({ pos: e.pos, judge: () => judgeMapped(e, at) })),
    ...expect.freed.map(e => ({ pos: e.pos, judge: () => judgeFreed(e, at) })),
  ]
  return judged.sort((a, b) => a.pos.line - b.pos.line || a.pos.col - b.pos.col).map(({ judge }) => judge())
}

function judgeCounter(wanted: Expect['counters'][number], { seen, index }: Moment): Outcome {
  const { name, value, delta, pos } = wanted
  const found = counterOf(name, delta, seen.baseline, seen.steps[index]?.counters)
  if (found === undefined) return { unseen: name }
  if (found === value) return 'holds'
  const text = `${name} is ${counterText(found, delta)}, the case states ${counterText(value, delta)}`
  return finding('wrong-count', text, pos)
}

function judgeFrames({ range, frames, pos }: Expect['frames'][number], at: Moment): Outcome {
  const mapped = mappingOf(at.seen, at.index, at.by, range)
  const named = framesOf(at.seen, at.index, frames)
  if (mapped === undefined || named === undefined) return { unseen: `frames of ${range.text}` }
  const differ = firstDifference(mapped, named)
  if (differ === undefined) return 'holds'
  const where = place(range.text, differ.offset)
  const text = `${where} is ${frameText(differ.left)} in ${at.by}, ${frames.text} has ${frameText(differ.right)} there`
  return finding(at.isPin(frames.of) ? 'stale-dma' : 'stale-mapping', text, pos)
}

function frameText(pfn: number | undefined): string {
  return pfn === undefined ? 'not mapped' : `frame 0x${pfn.toString(16)}`
}

function judgeMapped({ range, as, pos }: Expect['mapped'][number], at: Moment): Outcome {
  const runs = mappingOf(at.seen, at.index, at.by, range)
  if (runs === undefined) return { unseen: `mapped of ${range.text}` }
  const other = runs.find(run => run.mapped !== as)
  if (other === undefined && (runs.length > 0 || as === 'none')) return 'holds'
  const found: MapKind = other?.mapped ?? 'none'
  const text = `${place(range.text, other?.offset ?? 0)} is mapped ${found} in ${at.by}, the case states ${as}`
  return finding('wrong-mapping', text, pos)
}

function judgeFreed({ frames, yes, pos }: Expect['freed'][number], { seen, index }: Moment): Outcome {
  const freed = freedAt(seen, index, frames)
  if (freed === undefined) return { unseen: `freed of ${frames.text}` }
  if (freed === yes) return 'holds'
  if (yes) return finding('leak', `${frames.text} is not given back, the case states that it is`, pos)
  return finding('early-free', `${frames.text} is given back, the case states that it is not`, pos)
}
