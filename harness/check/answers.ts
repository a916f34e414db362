// Does a step's answer fit what the case accepts?

import type { Accepted, Answer, Step } from '../engine.ts'
import type { Anomaly } from './result.ts'

export type Given = Step['gives'][number]

const onlyOk: readonly Given[] = [{ answer: { kind: 'ok' }, expect: undefined }]

/** What the case accepts of a step; where it says nothing, that is `ok`. */
export function accepts(step: Step): readonly Given[] {
  return step.gives.length > 0 ? step.gives : onlyOk
}

/** The first line of `gives` that fits, or undefined. */
export function matchAnswer(step: Step, answer: Answer): Given | undefined {
  return accepts(step).find(given => fits(given.answer, answer))
}

/** What a place or a si_code that the engine does not tell would contradict is not judged. */
export function fits(wanted: Accepted, found: Answer): boolean {
  if (wanted.kind === 'errno') return found.kind === 'errno' && found.errno === wanted.errno
  if (wanted.kind !== 'signal') return found.kind === wanted.kind
  if (found.kind !== 'signal' || found.signal !== wanted.signal) return false
  if (wanted.code !== undefined && found.code !== undefined && found.code !== wanted.code) return false
  const { at } = wanted
  if (at === undefined || found.of === undefined || found.at === undefined) return true
  return found.of === at.of && found.at >= at.offset && found.at < at.offset + at.length
}

/** The anomaly of an answer that nothing in `gives` accepts. */
export function wrongAnswer(step: Step, answer: Answer): Pick<Anomaly, 'name' | 'text'> {
  const wanted = accepts(step)
  const signalDue = wanted.every(({ answer: { kind } }) => kind === 'signal' || kind === 'killed')
  const signalled = answer.kind === 'signal' || answer.kind === 'killed'
  return {
    name: signalled || (signalDue && answer.kind === 'ok') ? 'wrong-signal' : 'wrong-result',
    text: `${step.verb} answers ${answerText(answer)}, the case accepts ${wanted.map(g => acceptedText(g.answer)).join(' or ')}`,
  }
}

export function acceptedText(wanted: Accepted): string {
  if (wanted.kind === 'errno') return wanted.errno
  if (wanted.kind !== 'signal') return wanted.kind
  return (wanted.code ?? wanted.signal) + (wanted.at === undefined ? '' : ` @ ${wanted.at.text}`)
}

/** An answer as a case would write it. */
export function answerText(found: Answer): string {
  if (found.kind === 'ok') return 'ok'
  if (found.kind === 'errno') return found.errno
  if (found.kind === 'killed') return `killed (${found.signal})`
  const place = found.of === undefined ? '' : ` @ ${found.of}${found.at === undefined ? '' : `(+${found.at}B)`}`
  return (found.code ?? found.signal) + place
}
