import t from 'tap'
import type { Expect, SignalSeen } from '../engine.ts'
import { expecting, judged, pos, seen, step, whole } from './testing.ts'

const signal = { kind: 'signal', signal: 'SIGBUS', code: 'BUS_MCEERR_AO' } as const
const got: SignalSeen = { process: 'child', signal: { ...signal, of: 'A', at: 4096 } }

function names(signals: Expect['signals'], told: readonly SignalSeen[] | undefined) {
  const expect = expecting({ signals })
  const result = judged({ steps: [step('poison', {}, { expect })], seen: [seen(0, told && { signals: told })] })
  return [result.anomalies.map(({ name }) => name), result.unseen]
}

const due = (process: string, at = 4096) => {
  return { process, signal: { ...signal, at: { ...whole('A', 4096), offset: at } }, pos: pos(3) }
}

t.test('each signal that is named is due once, and no other is', async t => {
  t.same(names([due('child')], [got]), [[], []])
  t.same(names([due('child')], []), [['wrong-signal'], []], 'it does not come')
  t.same(names([due('main')], [got]), [['wrong-signal', 'wrong-signal'], []], 'another gets it')
  t.same(names([due('child', 0)], [got]), [['wrong-signal', 'wrong-signal'], []], 'elsewhere')
  t.same(names([], [got]), [['wrong-signal'], []], 'nobody had named it')
  t.same(names([due('child')], [got, got]), [['wrong-signal'], []], 'it comes twice')
})

t.test('an engine that does not look judges no signals', async t => {
  t.same(names([due('child')], undefined), [[], ['signals of child']])
})
