// Bytes that a step found against the bytes that the case says: a difference gets its name from the shadow.

import type { Bytes, BytesSeen, Range, Step, StepSeen } from '../engine.ts'
import type { AnomalyName } from './anomalies.ts'
import { contentText, differAt, type Run, tailOf } from './content.ts'
import type { Outcome } from './expects.ts'
import { finding, place } from './finding.ts'
import type { Origin, Shadow } from './shadow.ts'

/** One outcome for each piece that the step read; also what `rdma` says of its two buffers. */
export function* judgeBytes(
  step: Step,
  seen: Pick<StepSeen, 'answer' | 'bytes' | 'differ'>,
  shadow: Shadow,
): Generator<Outcome> {
  for (const [i, { range, bytes }] of readBy(step).entries()) {
    const found = seen.bytes[i]
    if (found !== undefined) yield judgePiece(step, range, bytes, found, shadow)
    else if (seen.answer.kind === 'ok') yield { unseen: `bytes of ${range.text}` }
  }
  if (seen.differ === undefined) return
  const { transfer, offset, length, sent, found } = seen.differ
  const text = `after transfer ${transfer} the buffers differ at byte ${offset} for ${length}: sent ${sent}, found ${found}`
  yield finding('stale-dma', text, step.pos)
}

/** The pieces that a step reads, in the order in which an engine tells their bytes. */
function readBy({ verb, args }: Step): readonly { readonly range: Range; readonly bytes: readonly Bytes[] }[] {
  return ['read', 'dma-read', 'odirect-write'].includes(verb) ? (args as ReturnType<typeof readBy>) : []
}

/** Any one of `values` must fit as a whole; a difference is told from the first. */
function judgePiece(step: Step, range: Range, values: readonly Bytes[], seen: BytesSeen, shadow: Shadow): Outcome {
  const wrong = values.map(value => firstWrong(value, seen))
  const first = wrong[0]
  if (first === undefined || wrong.includes(undefined)) return 'holds'
  const { due, found, from, length } = first
  const piece = { of: range.of, offset: range.offset + from, length }
  const device = step.verb === 'dma-read'
  const origin = device ? shadow.originOfDma(piece, found) : shadow.originOfRead(step.by, piece, found)
  const bytes = [contentText(found), contentText(due)]
  const text = `${place(range.text, from)} reads ${bytes[0]}, the case states ${bytes[1]}${because[origin]}`
  return finding(nameOf(origin, device), text, step.pos)
}

interface Wrong {
  /** The first wrong byte, from the start of what was read, and how far the run that it is in goes on. */
  readonly from: number
  readonly length: number
  /** What is due there and what was found, both from the first wrong byte on. */
  readonly due: Run
  readonly found: Run
}

function firstWrong(value: Bytes, { runs }: BytesSeen): Wrong | undefined {
  for (const { offset, length, bytes } of runs) {
    const from = differAt({ bytes: value, start: 0 }, { bytes, start: offset }, offset, offset + length)
    if (from === undefined) continue
    return { from, length: offset + length - from, due: tailOf(value, from), found: tailOf(bytes, from - offset) }
  }
  return undefined
}

function nameOf(origin: Origin, device: boolean): AnomalyName {
  if (origin === 'unknown') return 'wrong-data'
  if (origin === 'of-another') return 'leaked-write'
  return device || origin === 'older-than-device' ? 'stale-dma' : 'lost-write'
}

const because: Readonly<Record<Origin, string>> = {
  older: ', and had stood there before',
  'older-than-device': ', and had stood there before the device wrote',
  'of-another': ', and was written by another after they had parted',
  unknown: '',
}
