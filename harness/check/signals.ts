// Signals that processes got from elsewhere: those that the case names and no others.

import type { Expect, Position, SignalSeen } from '../engine.ts'
import { acceptedText, answerText, fits } from './answers.ts'
import type { Outcome } from './expects.ts'
import { finding } from './finding.ts'

/** One outcome for each signal that is due, and one for each that is not. `pos`: of the step. */
export function* judgeSignals(
  wanted: Expect['signals'],
  seen: readonly SignalSeen[] | undefined,
  pos: Position,
): Generator<Outcome> {
  const left = [...(seen ?? [])]
  for (const due of wanted) {
    if (seen === undefined) {
      yield { unseen: `signals of ${due.process}` }
      continue
    }
    const at = left.findIndex(({ process, signal }) => process === due.process && fits(due.signal, signal))
    if (at < 0) yield finding('wrong-signal', `${due.process} does not get ${acceptedText(due.signal)}`, due.pos)
    else left.splice(at, 1)
  }
  for (const { process, signal } of left)
    yield finding('wrong-signal', `${process} gets ${answerText(signal)}, the case names no such signal`, pos)
}
