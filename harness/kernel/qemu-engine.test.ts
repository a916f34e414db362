import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Observation, TestPoint } from '../engine.ts'
import { fakeQemu, imageOf, pointOf, stepOf } from './fake.ts'
import { hasProgram } from './places.ts'
import { qemuEngine } from './qemu-engine.ts'

const skip = hasProgram('gcc') ? {} : { skip: 'gcc is not installed' }
const limits = { boot: 5000, silence: 1000, crash: 300, point: 2500 }
/** The probe is compiled once for all tests. */
process.env.XDG_CACHE_HOME = t.testdir()
const points = ['a', 'b', 'c'].map(name => pointOf(name, [stepOf('drain-lru', 'all')]))

interface Run {
  readonly ends: readonly (readonly [string, string, string, number | undefined])[]
  readonly seen: readonly Observation[]
  readonly boots: number
  /** Files left in the temporary folder. */
  readonly left: readonly string[]
}

/** Three points on a fake kernel whose QEMU behaves so. */
async function run(
  t: Test,
  behaviour: string,
  asked: readonly TestPoint[] = points,
  signal?: AbortSignal,
): Promise<Run> {
  const folder = t.testdir({ tmp: {} })
  process.env.TMPDIR = join(folder, 'tmp')
  const kernel = join(folder, 'bzImage')
  writeFileSync(kernel, imageOf('4.5.0-fake'))
  const engine = await qemuEngine(kernel, { qemu: fakeQemu(folder, behaviour), limits })
  const seen: Observation[] = []
  for await (const one of engine.run(asked, { detail: false, ...(signal && { signal }) })) seen.push(one)
  return {
    ends: seen.map(({ point, end }) => [
      point,
      end.kind,
      'reason' in end ? end.reason : '',
      'step' in end ? end.step : undefined,
    ]),
    seen,
    boots: existsSync(join(folder, 'boots')) ? statSync(join(folder, 'boots')).size : 0,
    left: readdirSync(join(folder, 'tmp')),
  }
}

const done = (name: string) => [name, 'done', '', undefined]

t.test('all points share one boot, and come in their order', skip, async t => {
  const { ends, seen, boots, left } = await run(t, '')
  t.strictSame(ends, [done('a'), done('b'), done('c')])
  t.strictSame(seen[2]?.baseline, { AnonPages: 4096 })
  t.strictSame(
    seen[2]?.steps.map(({ index, answer, counters }) => [index, answer.kind, counters.AnonPages]),
    [[0, 'ok', 8192]],
  )
  t.equal(boots, 1)
  t.strictSame(left, [])
})

t.test('a panic is charged to the point that ran, at its step; the others run after a fresh boot', skip, async t => {
  const panic = `if (point === 1) { log('[  1.0] kernel BUG at mm/x.c:1!'); log('[  1.1] Kernel panic - not syncing: Fatal'); process.exit(0) }`
  const { ends, seen, boots, left } = await run(t, panic)
  t.strictSame(ends, [done('a'), ['b', 'panic', 'kernel BUG at mm/x.c:1!', 0], done('c')])
  t.match(seen[1]?.log, ['[  1.0] kernel BUG at mm/x.c:1!'])
  t.equal(boots, 2)
  t.strictSame(left, [])
})

t.test('an oops that the kernel survives ends its point, and the kernel is not believed any more', skip, async t => {
  const oops = `if (point === 0) tell('log', 'BUG: unable to handle page fault for address: 1')`
  const { ends, boots } = await run(t, oops)
  t.strictSame(ends, [['a', 'oops', 'BUG: unable to handle page fault for address: 1', 0], done('b'), done('c')])
  t.equal(boots, 2)
})

t.test(
  'a warning is told with its step, the point goes on, and the next one has a kernel that may warn again',
  skip,
  async t => {
    const { ends, seen, boots } = await run(t, `if (point === 0) tell('log', 'WARNING: CPU: 0 PID: 1 at mm/x.c:1')`)
    t.strictSame(ends, [done('a'), done('b'), done('c')])
    t.strictSame(seen[0]?.steps[0]?.log, ['WARNING: CPU: 0 PID: 1 at mm/x.c:1'])
    t.equal(boots, 2)
  },
)

t.test('an oops after which the guest says nothing more is an oops, not a hang', skip, async t => {
  const { ends, boots } = await run(t, `if (point === 1) { log('[  1.0] kernel BUG at mm/rmap.c:1117!'); hang() }`)
  t.strictSame(ends, [done('a'), ['b', 'oops', 'kernel BUG at mm/rmap.c:1117!', 0], done('c')])
  t.equal(boots, 2)
})

t.test('a guest that says nothing more hangs', skip, async t => {
  const { ends, left } = await run(t, 'if (point === 1) hang()')
  t.strictSame(ends, [done('a'), ['b', 'hang', 'no word from the probe in 1 s', 0], done('c')])
  t.strictSame(left, [])
})

t.test('a guest that goes on and on times out', skip, async t => {
  const { ends, left } = await run(t, `if (point === 1) { setInterval(() => tell('beat'), 100); hang() }`)
  t.strictSame(ends, [done('a'), ['b', 'timeout', 'the test point did not end in 2.5 s', 0], done('c')])
  t.strictSame(left, [])
})

t.test('a QEMU that is killed from outside is lost, not hung; nothing else is', skip, async t => {
  const { ends, boots, left } = await run(t, `if (point === 2) process.kill(process.pid, 'SIGKILL')`)
  t.strictSame(ends, [done('a'), done('b'), ['c', 'lost', 'QEMU was killed by SIGKILL', 0]])
  t.equal(boots, 1)
  t.strictSame(left, [])
})

t.test('a kernel that panics at boot gives every point that reason, after one boot', skip, async t => {
  const { ends, boots } = await run(
    t,
    `log('Kernel panic - not syncing: VFS: Unable to mount root fs'); process.exit(0)`,
  )
  const reason = 'before the first test point: Kernel panic - not syncing: VFS: Unable to mount root fs'
  t.strictSame(
    ends,
    ['a', 'b', 'c'].map(name => [name, 'panic', reason, undefined]),
  )
  t.equal(boots, 1)
})

t.test('one that panics after an oops is booted once more', skip, async t => {
  const oops = `log('Oops: int3: 0000 [#1] PREEMPT SMP'); log('Kernel panic - not syncing: Fatal exception')`
  const { ends, boots } = await run(t, `if (boot === 0) { ${oops}; process.exit(0) }`)
  t.strictSame(ends, [done('a'), done('b'), done('c')])
  t.equal(boots, 2)
})

t.test('a QEMU that refuses its arguments is tried twice, then says why', skip, async t => {
  const { ends, boots } = await run(t, `console.error('qemu: no such machine'); process.exit(1)`)
  t.match(ends[2], ['c', 'lost', 'before the first test point: QEMU ended with status 1: qemu: no such machine'])
  t.equal(boots, 2)
})

t.test('a kernel that does not come up is given up', skip, async t => {
  const { ends } = await run(t, 'hang()')
  t.strictSame(ends[0], ['a', 'hang', 'before the first test point: the kernel did not come up in 5 s', undefined])
})

t.test('what a kernel cannot do is config with its step, and in its place among the others', skip, async t => {
  const asked = [points[0]!, pointOf('small', points[0]!.steps, { hpage_nr: 8 }), points[1]!]
  const { ends } = await run(t, `if (point === 2) tell('answer', 'config', 'no huge page')`, asked)
  t.match(ends, [done('a'), ['small', 'config', /512 base pages/, undefined], ['b', 'config', 'no huge page', 0]])
})

t.test('memory that is not given back is told after the last process', skip, async t => {
  const { seen } = await run(
    t,
    `if (point === 1) { tell('after', { AnonPages: 8192 }); tell('end'); tell('done'); process.exit(33) }`,
  )
  t.match(seen[1]?.after, [{ anomaly: 'counter-drift', text: /AnonPages is \+4096/ }])
})

t.test('a counter that has gone below zero is told as it is, and that guest judges no other point', skip, async t => {
  const { seen, boots } = await run(
    t,
    `if (point === 0) { tell('answer', 'ok'); tell('counters', { HardwareCorrupted: -4096 }) }`,
  )
  t.equal(seen[0]?.steps[0]?.counters.HardwareCorrupted, -4096)
  t.equal(seen[1]?.baseline.HardwareCorrupted, undefined)
  t.equal(boots, 2)
})

t.test('an abort ends QEMU and leaves nothing behind', skip, async t => {
  const controller = new AbortController()
  setTimeout(() => controller.abort(), 700)
  const { seen, left } = await run(t, 'if (point === 1) hang()', points, controller.signal)
  t.ok(seen.length <= 1)
  t.strictSame(left, [])
})

t.test('a file that is no kernel, and a name that nobody knows, are config at every point', async t => {
  const folder = t.testdir({ text: 'this is no kernel' })
  mkdirSync(join(folder, 'tmp'))
  for (const [kernel, reason] of [
    [join(folder, 'text'), /is no x86 kernel image/],
    [join(folder, 'missing'), /cannot be read: ENOENT/],
    ['debian:2.6', /no kernel is called debian:2.6; there are debian:5.10/],
  ] as const) {
    const engine = await qemuEngine(kernel, { qemu: 'true' })
    const seen: Observation[] = []
    for await (const one of engine.run(points, { detail: false })) seen.push(one)
    t.match(
      seen,
      points.map(({ name }) => ({ point: name, end: { kind: 'config', reason } })),
    )
  }
})
