import t from 'tap'
import { type BoundOptions, exploringOf } from './bounds.ts'

t.test('nothing said bounds nothing', async t => {
  t.same(exploringOf({}), {})
  t.same(exploringOf({ reduction: true }), {})
})

t.test('each flag bounds what it names', async t => {
  t.same(
    exploringOf({ maxTime: '2.5', maxInterleavings: '100', maxMemory: '64', preemptions: '0', reduction: false }),
    {
      time: 2.5,
      interleavings: 100,
      memory: 64,
      preemptions: 0,
      reduce: false,
    },
  )
  t.same(exploringOf({ random: '7' }), { random: { seed: 7, times: 1000 } })
  t.same(exploringOf({ random: '7,20', maxTime: '1' }), { time: 1, random: { seed: 7, times: 20 } })
})

t.test('what is no number is refused, and what does not go together', async t => {
  const rows: readonly (readonly [RegExp, BoundOptions])[] = [
    [/--max-time takes a number, not "1s"/, { maxTime: '1s' }],
    [/--max-interleavings takes a number, not "-1"/, { maxInterleavings: '-1' }],
    [/--max-interleavings is at least 1/, { maxInterleavings: '0' }],
    [/--max-memory takes a number, not "1G"/, { maxMemory: '1G' }],
    [/--preemptions takes a number, not ""/, { preemptions: '' }],
    [/--random takes a number, not "x"/, { random: 'x' }],
    [/--random takes SEED or SEED,N/, { random: '1,2,3' }],
    [/--random is at least 1/, { random: '1,0' }],
    [/--random draws by lot/, { random: '1', preemptions: '2' }],
    [/--random draws by lot/, { random: '1', reduction: false }],
  ]
  for (const [message, options] of rows) t.throws(() => exploringOf(options), { message })
})
