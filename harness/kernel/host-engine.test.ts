import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import type { Observation, TestPoint } from '../engine.ts'
import { owedText } from './borrowed.ts'
import { pointOf, stepOf } from './fake.ts'
import { hostEngine, refuse } from './host-engine.ts'

t.test('a race is run on the running kernel only if somebody says how often or how long', async t => {
  const race = pointOf('race', [stepOf('race', { threads: [] })])
  t.match(refuse(race, [], false), /--rounds or --seconds has it run here/)
  t.equal(refuse(race, [], true), undefined)
  t.equal(refuse(pointOf('none', [stepOf('drain-lru', 'all')]), [], false), undefined)
})

/** Why a machine may be none to try the running kernel on; on any other it is tried. */
const unfit = new RegExp(
  `^(${[
    'the probe is for x86-64, not for \\w+',
    'the running kernel is tried by root only',
    owedText,
    'mmfunc runs on this machine already, as process \\d+',
    'huge pages of this machine are in use \\(hugepages-\\d+kB\\)',
    'this machine counts huge pages below zero until it boots \\(hugepages-\\d+kB\\)',
    'the running kernel is broken: \\S+ is below zero',
    'not on this machine: namespaces cannot be made: that needs root with CAP_SYS_ADMIN',
    'gcc is not installed: apt-get install gcc libc6-dev',
  ].join('|')})$`,
)

/** Two of those that the probe changes. */
const settings = ['/sys/kernel/mm/transparent_hugepage/enabled', '/sys/kernel/mm/transparent_hugepage/defrag']
const state = () => settings.filter(existsSync).map(file => readFileSync(file, 'utf8'))

t.test(
  'what is not done to a machine that is in use is config; all else is run, and the settings stand as before',
  async t => {
    const range = { of: 'A', offset: 0, length: 4096, text: 'A' }
    const args = { as: 'A', size: 4096, kind: 'base', prot: 'rw', fill: { fill: 90 }, align: 4096, shift: 0, at: -1 }
    const mmap = stepOf('mmap', { ...args, touch: false, populate: false, huge: 2 ** 21 })
    const poison = stepOf('poison', { frames: range, action: 'optional' })
    const points: readonly TestPoint[] = [
      pointOf('poison', [mmap, poison]),
      pointOf('memory', [mmap], { memory: 2 ** 30 }),
      pointOf('read', [mmap, stepOf('read', [{ range, bytes: { fill: 90 } }])], { thp: 'always' }),
    ]
    const before = state()
    const seen: Observation[] = []
    const engine = await hostEngine({})
    for await (const one of engine.run(points, { detail: false })) seen.push(one)
    t.strictSame(
      seen.map(({ point }) => point),
      ['poison', 'memory', 'read'],
    )
    t.strictSame(state(), before)
    const { end } = seen[2]!
    if (end.kind === 'config') {
      t.match(end.reason, unfit, 'what this machine lacks, and why')
      t.strictSame(
        seen.map(({ end: other, steps }) => [other.kind, steps.length]),
        [0, 1, 2].map(() => ['config', 0]),
      )
      return
    }
    t.match(seen[0]?.end, { kind: 'config', reason: 'hardware is not poisoned on a machine that is in use' })
    t.match(seen[1]?.end, { kind: 'config', reason: /not ours to choose/ })
    t.strictSame(end, { kind: 'done' })
    t.match(seen[2]?.steps[1], { answer: { kind: 'ok' }, bytes: [{ range: 'A', runs: [{ bytes: { fill: 90 } }] }] })
    const others = Object.keys(seen[2]!.steps[1]!.counters).filter(
      name => !/^(HugePages_|Hugetlb$|hugepages-)/.test(name),
    )
    t.strictSame(others, [], 'others move them, too')
  },
)
