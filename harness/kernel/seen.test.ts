import t from 'tap'
import { type Event, eventOf } from './events.ts'
import { BootCounters, PointSeen } from './seen.ts'

/** The observation of a point told in these lines. */
function seenIn(...lines: string[]) {
  const seen = new PointSeen('x', new BootCounters())
  for (const line of ['["before",{"AnonPages":0}]', '["baseline",{}]', ...lines]) seen.take(eventOf(line) as Event)
  return seen.observation()
}

const step = (...lines: string[]) => seenIn('["step",0]', ...lines, '["counters",{}]').steps[0]

t.test('frames that go downwards, as the buddy allocator gives them, are told as one run a page', async t => {
  t.strictSame(step('["answer","ok"]', '["frames","f",[[7,3],[20,3,-1]],true]')?.frames, [
    {
      name: 'f',
      freed: true,
      runs: [
        { pfn: 7, pages: 3 },
        { pfn: 20, pages: 1 },
        { pfn: 19, pages: 1 },
        { pfn: 18, pages: 1 },
      ],
    },
  ])
  t.strictSame(
    step('["answer","ok"]', '["range","main","A",[[0,8192,"pte",9,-1],[8192,4096,"none"]]]')?.ranges[0]?.runs,
    [
      { offset: 0, length: 4096, mapped: 'pte', pfn: 9 },
      { offset: 4096, length: 4096, mapped: 'pte', pfn: 8 },
      { offset: 8192, length: 4096, mapped: 'none' },
    ],
  )
})

t.test('bytes are a fill, a place in a stream, or hex', async t => {
  const runs = step('["answer","ok"]', '["bytes","A",[[0,1,"b90"],[1,2,"s7+4294967295"],[3,2,"x00ff"]]]')?.bytes[0]
    ?.runs
  t.strictSame(
    runs?.map(run => run.bytes),
    [{ fill: 90 }, { seed: 7, shift: -1 }, { hex: '00ff' }],
  )
})

t.test('answers bear the names of the headers', async t => {
  t.strictSame(step('["answer","errno",12]')?.answer, { kind: 'errno', errno: 'ENOMEM' })
  t.strictSame(step('["answer","killed",9]')?.answer, { kind: 'killed', signal: 'SIGKILL' })
  t.strictSame(step('["answer","errno",133]')?.answer, { kind: 'errno', errno: 'EHWPOISON' })
  const fault = { kind: 'signal', signal: 'SIGSEGV', code: 'SEGV_ACCERR', of: 'A', at: 4096 }
  t.strictSame(step('["answer","signal",11,2,"A",4096]')?.answer, fault)
})

t.test('signals from elsewhere are told apart from the answer', async t => {
  const told = step('["answer","ok"]', '["signal","child",7,5,"A",4096]', '["signal","main",7,4]')
  t.strictSame(told?.answer, { kind: 'ok' })
  t.strictSame(told?.signals, [
    { process: 'child', signal: { kind: 'signal', signal: 'SIGBUS', code: 'BUS_MCEERR_AO', of: 'A', at: 4096 } },
    { process: 'main', signal: { kind: 'signal', signal: 'SIGBUS', code: 'BUS_MCEERR_AR' } },
  ])
})

t.test('a step that a kernel cannot do ends the point, and is not among the steps', async t => {
  const { steps, end } = seenIn('["step",0]', '["answer","config","no huge page"]', '["counters",{}]')
  t.strictSame([steps, end], [[], { kind: 'config', reason: 'no huge page', step: 0 }])
})

t.test('a guest that is not the machine of the point judges nothing', async t => {
  t.strictSame(seenIn('["lacks","no huge pages"]').end, { kind: 'config', reason: 'no huge pages' })
})

t.test('a huge page whose memory failed may be missing among the free ones', async t => {
  const pool = '"hugepages-2048kB/free_hugepages":-1'
  t.strictSame(seenIn(`["after",{${pool},"HardwareCorrupted":4096}]`).after, [])
  const point = new PointSeen('x', new BootCounters())
  for (const line of ['["before",{}]', '["baseline",{}]', `["after",{${pool},"HardwareCorrupted":4096}]`])
    point.take(eventOf(line) as Event)
  t.equal(point.lost, true, 'no other point has that pool')
  t.equal(seenIn(`["after",{${pool}}]`).after.length, 1)
  t.equal(seenIn('["after",{"hugepages-2048kB/resv_hugepages":-1,"HardwareCorrupted":4096}]').after.length, 1)
})

t.test('pools of huge pages must be after the last process as they were before the first', async t => {
  const { after } = seenIn('["after",{"hugepages-2048kB/resv_hugepages":2}]')
  const text = 'hugepages-2048kB/resv_hugepages is +2 after the last process, against before the first'
  t.strictSame(after, [{ anomaly: 'counter-drift', text }])
})

t.test('a guest without memory judges nothing, whatever its processes died of', async t => {
  const { end } = seenIn(
    '["step",0]',
    '["answer","killed",9]',
    '["log","init invoked oom-killer: order=0"]',
    '["counters",{}]',
    '["step",1]',
    '["answer","gone"]',
  )
  t.strictSame(end, { kind: 'config', reason: 'the guest ran out of memory', step: 0 })
})

t.test('what the last process leaves behind is found: memory and pins', async t => {
  const { after } = seenIn('["after",{"AnonPages":4096,"nr_foll_pin_acquired":2,"nr_foll_pin_released":1}]')
  t.match(after, [
    { anomaly: 'counter-drift', text: /AnonPages is \+4096/ },
    { anomaly: 'leak', text: /pins is \+1/ },
  ])
})

t.test('half a line of a guest that died is no event', async t => {
  t.equal(eventOf('["bytes","A",[[0,40'), undefined)
  t.equal(eventOf('garbage'), undefined)
})
